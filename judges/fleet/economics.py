"""What a flight earns and what a stop costs.

    R = base + c·L        F = R · max( ln(Q/10), 1 )        profit = n (F − c·L),   n = min(seats, ⌊Q left⌋)
    charged = min( P·t, battery_max − battery )             profit of a stop = −price · charged

L: miles. Q: passengers who want the route when the time bin begins. c: operating cost, dollars a mile and passenger.
Source of the structure: arXiv 2401.04851; the exact forms are those of docs/papers/uam-fleet.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..options import finite

COST_PER_MILE = 0.64
BASE_FARE = 5.0


def not_negative(value: float, what: str) -> float:
    """The number, or a ValueError that names what it was meant for."""
    if finite(value, what) < 0:
        raise ValueError(f"{what} is a number from 0 up, not {value!r}")
    return float(value)


@dataclass(frozen=True)
class Fare:
    """What one passenger pays, dollars, and what it is made of: fare = base_rate · demand_factor."""

    base_rate: float
    demand_factor: float

    @property
    def fare(self) -> float:
        """Dollars a passenger."""
        return self.base_rate * self.demand_factor


def fare(miles: float, demand: float, *, cost_per_mile: float = COST_PER_MILE, base_fare: float = BASE_FARE) -> Fare:
    """The fare of a route for the demand at the start of a time bin.

    >>> round(fare(10, 40).fare, 2)
    15.8

    Raises:
        ValueError: a number is negative or not finite.
    """
    rate = not_negative(base_fare, "base_fare") + not_negative(cost_per_mile, "cost_per_mile") * not_negative(
        miles, "miles"
    )
    tens = not_negative(demand, "demand") / 10
    return Fare(rate, max(math.log(tens), 1.0) if tens > 0 else 1.0)


@dataclass(frozen=True)
class Carried:
    """Passengers of a flight, and its profit in dollars."""

    passengers: int
    profit: float


def flight_profit(
    miles: float,
    demand_initial: float,
    demand_left: float,
    *,
    seats: int = 4,
    cost_per_mile: float = COST_PER_MILE,
    base_fare: float = BASE_FARE,
) -> Carried:
    """What a flight earns: the fare is that of `demand_initial`, the passengers those of `demand_left`.

    >>> flight_profit(10, 40, 3).passengers, round(flight_profit(10, 40, 3).profit, 2)
    (3, 28.21)

    Raises:
        ValueError: a number is negative or not finite.
    """
    not_negative(demand_initial, "demand_initial")
    each = fare(miles, demand_initial, cost_per_mile=cost_per_mile, base_fare=base_fare).fare - cost_per_mile * miles
    passengers = min(int(not_negative(seats, "seats")), math.floor(not_negative(demand_left, "demand_left")))
    return Carried(passengers, passengers * each)


class Stop(NamedTuple):
    """The battery after a stop, kWh, and the stop's profit in dollars, never above 0."""

    battery: float
    reward: float


def stay(
    battery: float,
    minutes: float,
    has_charger: bool,
    *,
    battery_max: float = 110.0,
    charge_kw: float = 150.0,
    price_per_kwh: float = 0.2,
) -> Stop:
    """What a stop does.

    >>> stay(20, 15, True)
    Stop(battery=57.5, reward=-7.5)

    Raises:
        ValueError: a number is negative or not finite, or the battery holds more than `battery_max`.
    """
    not_negative(battery, "battery")
    not_negative(minutes, "minutes")
    if battery > not_negative(battery_max, "battery_max"):
        raise ValueError(f"battery={battery!r} is more than battery_max={battery_max!r}")
    not_negative(charge_kw, "charge_kw")
    not_negative(price_per_kwh, "price_per_kwh")
    return charged(battery, minutes if has_charger else 0.0, battery_max, charge_kw, price_per_kwh)


def charged(battery: float, minutes: float, battery_max: float, charge_kw: float, price_per_kwh: float) -> Stop:
    """A stop at a charger; nothing is checked."""
    energy = min(charge_kw * minutes / 60, battery_max - battery)
    return Stop(battery + energy, -price_per_kwh * energy)
