"""A region, its fleet and its prices: what does not change from day to day."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cached_property

from .economics import BASE_FARE, COST_PER_MILE, not_negative

OPENS = 6 * 60  # minutes after midnight
MINUTES = 12 * 60  # a day: 6:00 to 18:00


@dataclass(frozen=True)
class FleetWorld:
    """Vertiports and aircraft.

    >>> FleetWorld.mini().vertiports
    4

    Attributes:
        positions: of the vertiports, miles.
        parking: aircraft that each vertiport has room for.
        chargers: aircraft that each vertiport can charge at a time; 0 for a vertistop.
        aircraft: aircraft of the fleet; number k begins the day at vertiport k mod N with a full battery.
        peak: passengers of a bin at the height of the demand, on a busy route.
        delay: largest mean delay of a take-off, minutes.
        closure: probability that a directed route is closed for an hour.
        failure: probability that an aircraft leaves service after a flight.

    Raises:
        ValueError: sizes that do not fit, places that coincide, or a fleet that the places cannot hold.
    """

    positions: tuple[tuple[float, float], ...]
    parking: tuple[int, ...]
    chargers: tuple[int, ...]
    aircraft: int
    seats: int = 4
    battery_max: float = 110.0
    kwh_per_mile: float = 110 / 60
    reserve_kwh: float = 11.0
    charge_kw: float = 150.0
    price_per_kwh: float = 0.2
    miles_per_hour: float = 74.5
    cost_per_mile: float = COST_PER_MILE
    base_fare: float = BASE_FARE
    stop_minutes: int = 15
    bin_minutes: int = 15
    separation: float = 2.0
    peak: float = 6.0
    delay: float = 6.0
    closure: float = 0.05
    failure: float = 0.005

    def __post_init__(self) -> None:
        count = len(self.positions)
        for name in ("parking", "chargers"):
            values = getattr(self, name)
            if len(values) != count or any(not_negative(value, name) != int(value) for value in values):
                raise ValueError(f"{name}={values!r}: give a whole number for each of {count} vertiports")
        for name in ("seats", "battery_max", "kwh_per_mile", "miles_per_hour", "stop_minutes", "aircraft"):
            if not not_negative(getattr(self, name), name):
                raise ValueError(f"{name} is a number above 0")
        for name in ("reserve_kwh", "charge_kw", "price_per_kwh", "separation", "peak", "delay"):
            not_negative(getattr(self, name), name)
        for name in ("closure", "failure"):
            if not_negative(getattr(self, name), name) > 1:
                raise ValueError(f"{name} is a probability, not {getattr(self, name)!r}")
        if MINUTES % self.bin_minutes:
            raise ValueError(f"bin_minutes={self.bin_minutes} does not divide a day of {MINUTES} minutes")
        self._require_room(count)

    def _require_room(self, count: int) -> None:
        if not count or any(math.isnan(at) or math.isinf(at) for place in self.positions for at in place):
            raise ValueError("positions are finite numbers of at least one vertiport")
        if len(set(self.positions)) < count:
            raise ValueError("positions: two vertiports stand on the same place")
        full = [place for place in range(count) if len(range(place, self.aircraft, count)) > self.parking[place]]
        if full:
            raise ValueError(f"parking: vertiport {full[0]} has no room for the aircraft that begin there")

    @classmethod
    def mini(cls, layout: int = 0) -> FleetWorld:
        """Four vertiports in 30 x 30 miles, the last one a vertistop, and six aircraft."""
        return cls(_scattered(4, 30.0, layout), (3,) * 4, (6, 6, 6, 0), 6)

    @classmethod
    def city(cls, layout: int = 0) -> FleetWorld:
        """The paper's size: eight vertiports in 50 x 50 miles, two of them vertistops, and forty aircraft."""
        return cls(_scattered(8, 50.0, layout), (10,) * 8, (6,) * 6 + (0, 0), 40)

    @property
    def vertiports(self) -> int:
        """N."""
        return len(self.positions)

    @property
    def bins(self) -> int:
        """Time bins of a day."""
        return MINUTES // self.bin_minutes

    @cached_property
    def miles(self) -> tuple[tuple[float, ...], ...]:
        """`(N, N)` distances as an aircraft flies."""
        return tuple(tuple(math.dist(here, there) for there in self.positions) for here in self.positions)

    @cached_property
    def expected_demand(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        """`(bins, N, N)` mean passengers of a bin: the forecast that everybody knows.

        Even vertiports are residential and odd ones commercial: people go to work at 8:30 and home at 16:30.
        """
        return tuple(self._expected(OPENS / 60 + (time + 0.5) * self.bin_minutes / 60) for time in range(self.bins))

    def _expected(self, hour: float) -> tuple[tuple[float, ...], ...]:
        to_work, home = (math.exp(-0.5 * ((hour - peak) / 0.6) ** 2) for peak in (8.5, 16.5))
        places = range(self.vertiports)
        return tuple(tuple(self._between(here, there, to_work, home) for there in places) for here in places)

    def _between(self, here: int, there: int, to_work: float, home: float) -> float:
        if here == there:
            return 0.0
        work = 1.0 if here % 2 == 0 and there % 2 == 1 else 0.15
        back = 1.0 if here % 2 == 1 and there % 2 == 0 else 0.15
        return self.peak * (0.15 + work * to_work + back * home)


def _scattered(count: int, side: float, layout: int) -> tuple[tuple[float, float], ...]:
    rng = random.Random(f"layout {layout}")
    return tuple((rng.uniform(0, side), rng.uniform(0, side)) for _ in range(count))
