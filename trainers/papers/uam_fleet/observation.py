"""What the policy sees of a day: two graphs, a time series and a few numbers.

    vertiports (N, 13)   place, free parking and chargers, mean delay; from the deciding aircraft's place: whether it is
                         this one, whether the route is open, miles, battery that would be left, profit now, passengers
                         now; passengers expected to leave it in the coming hour; whether it is allowed
    fleet (K, 7)         place or destination, battery, time until it is free, in service, charging, deciding
    series (H, 2·N·N)    passengers expected in each of the next H bins, and base fares, by route
    numbers (2,)         time of day, battery
    mask (N,)            allowed vertiports

Everything is about within [0, 1]: the capsules take powers of it.
"""

from __future__ import annotations

import numpy as np
from gymnasium import spaces

from ....judges.fleet import FleetDay, FleetWorld, fare
from ....judges.fleet.world import MINUTES

HORIZON = 8  # bins of the series
VERTIPORT, AIRCRAFT, NUMBERS = 13, 7, 2  # features
OWN, DECIDING = 5, 6  # the columns that say which vertiport and which aircraft the decision is about
HOUR, TINY = 60.0, 1e-9


class Observer:
    """Makes observations of the days of one world. masked: False hides what is allowed, for an ablation."""

    def __init__(self, world: FleetWorld, *, masked: bool = True) -> None:
        self.world, self.masked = world, masked
        positions = np.array(world.positions)
        self.places = (positions - positions.min(0)) / max(np.ptp(positions, axis=0).max(), 1.0)
        self.miles = np.array(world.miles)
        self.parking, self.chargers = np.array(world.parking), np.array(world.chargers)
        fares = np.vectorize(self._base_fare)(self.miles)
        self.dearest = world.seats * max(fares.max(), TINY)
        demand = np.array(world.expected_demand)  # (bins, N, N)
        series = demand / max(demand.max(), TINY), np.broadcast_to(fares / max(fares.max(), TINY), demand.shape)
        self.series = _then_nothing(np.concatenate(series, axis=-1).reshape(world.bins, -1), HORIZON)
        an_hour = max(1, round(HOUR / world.bin_minutes))
        leaving = _then_nothing(demand.sum(-1), an_hour)
        outflow = np.stack([leaving[time : time + an_hour].sum(0) for time in range(world.bins)])
        self.outflow = outflow / max(an_hour * demand.sum(-1).max(), TINY)

    def _base_fare(self, miles: float) -> float:
        return fare(miles, 0, cost_per_mile=self.world.cost_per_mile, base_fare=self.world.base_fare).fare

    @property
    def space(self) -> spaces.Dict:
        """The space of its observations."""
        N, K = self.world.vertiports, self.world.aircraft
        shapes = {
            "vertiports": (N, VERTIPORT),
            "fleet": (K, AIRCRAFT),
            "series": (HORIZON, 2 * N * N),
            "numbers": (NUMBERS,),
        }
        boxes = {name: spaces.Box(-1.0, 1.0, shape, np.float32) for name, shape in shapes.items()}
        return spaces.Dict({**boxes, "mask": spaces.MultiBinary(N)})

    def __call__(self, day: FleetDay) -> dict[str, np.ndarray]:
        """The observation of a day that is not over."""
        mask = np.array(day.mask()) if self.masked else np.ones(self.world.vertiports, bool)
        seen = {
            "vertiports": self._vertiports(day, mask),
            "fleet": self._fleet(day),
            "series": self.series[day.bin : day.bin + HORIZON],
            "numbers": np.array([day.now / MINUTES, day.aircraft.battery / self.world.battery_max]),
        }
        observation = {name: values.clip(-1.0, 1.0).astype(np.float32) for name, values in seen.items()}
        return {**observation, "mask": mask.astype(np.int8)}

    def _vertiports(self, day: FleetDay, mask: np.ndarray) -> np.ndarray:
        world, aircraft = self.world, day.aircraft
        miles = self.miles[aircraft.place]
        features = [
            self.places,
            1 - np.array(day.occupied) / np.maximum(self.parking, 1),
            np.array(day.charging) < self.chargers,
            np.array(day.scenario.delays) / max(world.delay, 1.0),
            np.arange(world.vertiports) == aircraft.place,
            ~np.array(day.scenario.closed[int(day.now // HOUR)][aircraft.place]),
            miles / max(self.miles.max(), 1.0),
            (aircraft.battery - world.kwh_per_mile * miles) / world.battery_max,
            np.array([day.worth(place) for place in range(world.vertiports)]) / self.dearest,
            np.array(day.left[day.bin][aircraft.place]) / (4 * world.seats),
            self.outflow[day.bin],
            mask,
        ]
        return np.column_stack(features)

    def _fleet(self, day: FleetDay) -> np.ndarray:
        numbers = [
            (each.battery / self.world.battery_max, (each.free - day.now) / HOUR, each.alive, each.charging)
            for each in day.fleet
        ]
        deciding = np.arange(len(day.fleet)) == day.deciding
        return np.column_stack([self.places[[each.place for each in day.fleet]], np.array(numbers), deciding])


def _then_nothing(by_bin: np.ndarray, bins: int) -> np.ndarray:
    """The same with so many bins of zeros behind it: what comes after the day."""
    return np.concatenate([by_bin, np.zeros((bins, by_bin.shape[1]))])
