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

from typing import Any

import numpy as np
from gymnasium import spaces

from ....judges.fleet import FleetDay, FleetWorld, fare
from ....judges.fleet.world import MINUTES

HORIZON = 8  # bins of the series
VERTIPORT, AIRCRAFT, NUMBERS = 13, 7, 2  # features
OWN, DECIDING = 5, 6  # the columns that say which vertiport and which aircraft the decision is about
HOUR = 60.0


class Observer:
    """Makes observations of the days of one world. masked: False hides what is allowed, for an ablation."""

    def __init__(self, world: FleetWorld, *, masked: bool = True) -> None:
        self.world, self.masked = world, masked
        positions = np.array(world.positions)
        self.places = (positions - positions.min(0)) / max(float(np.ptp(positions, axis=0).max()), 1.0)
        self.miles = np.array(world.miles)
        self.parking, self.chargers = np.array(world.parking), np.array(world.chargers)
        demand = np.array(world.expected_demand)  # (bins, N, N)
        an_hour = max(1, 60 // world.bin_minutes)
        later = np.concatenate([demand.sum(-1), np.zeros((an_hour, world.vertiports))])
        busiest = max(demand.sum(-1).max() * an_hour, 1e-9)
        self.outflow = np.stack([later[at : at + an_hour].sum(0) for at in range(world.bins)]) / busiest
        rates = [[fare(miles, 0, cost_per_mile=world.cost_per_mile, base_fare=world.base_fare).fare for miles in row]
                 for row in world.miles]  # fmt: skip
        rate = np.broadcast_to(np.array(rates) / max(np.max(rates), 1e-9), demand.shape)
        by_bin = np.concatenate([(demand / max(demand.max(), 1e-9)), rate], axis=-1).reshape(world.bins, -1)
        self.by_bin = np.concatenate([by_bin, np.zeros((HORIZON, by_bin.shape[1]))])
        self.dearest = world.seats * max(np.max(rates), 1e-9)

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
        world, aircraft, now = self.world, day.aircraft, day.now
        mask = np.array(day.mask()) if self.masked else np.ones(world.vertiports, bool)
        own = np.arange(world.vertiports) == aircraft.place
        charged = aircraft.battery / world.battery_max
        miles = self.miles[aircraft.place]
        vertiports = np.column_stack(
            [
                self.places,
                1 - np.array(day.occupied) / np.maximum(self.parking, 1),
                np.array(day.charging) < self.chargers,
                np.array(day.scenario.delays) / max(world.delay, 1.0),
                own,
                ~np.array(day.scenario.closed[int(now // HOUR)][aircraft.place]),
                miles / max(self.miles.max(), 1.0),
                charged - world.kwh_per_mile * miles / world.battery_max,
                np.array([day.worth(place) for place in range(world.vertiports)]) / self.dearest,
                np.array(day.left[day.bin][aircraft.place]) / (4 * world.seats),
                self.outflow[day.bin],
                mask,
            ]
        )
        fleet = np.array(
            [
                (*self.places[each.place], each.battery / world.battery_max, (each.free - now) / HOUR, each.alive,
                 each.charging, k == day.deciding)
                for k, each in enumerate(day.fleet)
            ]
        )  # fmt: skip
        seen: dict[str, Any] = {
            "vertiports": vertiports,
            "fleet": fleet,
            "series": self.by_bin[day.bin : day.bin + HORIZON],
            "numbers": np.array([now / MINUTES, charged]),
        }
        observation = {name: np.clip(values, -1.0, 1.0).astype(np.float32) for name, values in seen.items()}
        return {**observation, "mask": mask.astype(np.int8)}
