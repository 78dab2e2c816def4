"""One day: who wants to fly, what is closed, and whose luck is bad. The seed says all of it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cached_property, lru_cache

from .economics import fare
from .world import MINUTES, FleetWorld

LARGEST_STEP = 30.0  # of a Poisson mean that is drawn at once: e^-30 is a number, e^-1000 is not


class Scenario:
    """What the seed makes of a world.

    Attributes:
        demand: `(bins, N, N)` passengers when each bin begins.
        closed: `(hours, N, N)` directed routes that nobody may take off on.
        delays: `(N,)` mean minutes that a take-off is late.

    An aircraft's luck depends on the seed, the aircraft and how often it has flown, not on what the others did: two
    plans for one day differ by what was planned.
    """

    def __init__(self, world: FleetWorld, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValueError(f"seed is a whole number, not {seed!r:.60}")
        self.world = world
        self.seed = seed
        rng = random.Random(f"day {seed}")
        self.delays = [rng.uniform(0.2, 1.0) * world.delay for _ in world.positions]
        places = range(world.vertiports)
        self.closed = [
            [[here != there and rng.random() < world.closure for there in places] for here in places]
            for _ in range(MINUTES // 60)
        ]
        self.demand = [[[_poisson(mean, rng) for mean in row] for row in of_bin] for of_bin in world.expected_demand]

    @cached_property
    def surplus(self) -> list[list[list[float]]]:
        """`(bins, N, N)` dollars that each passenger leaves: fare minus operating cost."""
        world = self.world
        price = {"cost_per_mile": world.cost_per_mile, "base_fare": world.base_fare}
        return [
            [
                [
                    fare(miles, wanted, **price).fare - world.cost_per_mile * miles
                    for miles, wanted in zip(distances, row, strict=True)
                ]
                for distances, row in zip(world.miles, of_bin, strict=True)
            ]
            for of_bin in self.demand
        ]

    def luck(self, aircraft: int) -> Iterator[tuple[float, bool]]:
        """For each flight of an aircraft: how far its delay is from the mean, and whether it fails after landing."""
        rng = random.Random(f"day {self.seed} aircraft {aircraft}")
        while True:
            yield rng.gauss(0.0, 1.0), rng.random() < self.world.failure


@lru_cache(maxsize=64)
def scenario_of(world: FleetWorld, seed: int) -> Scenario:
    """The same, kept: the completions of a group are about the same day."""
    return Scenario(world, seed)


def _poisson(mean: float, rng: random.Random) -> int:
    """Knuth's product of uniform numbers, a piece of the mean at a time."""
    drawn = 0
    while mean > 0:
        least, product = math.exp(-min(mean, LARGEST_STEP)), rng.random()
        while product > least:
            drawn += 1
            product *= rng.random()
        mean -= LARGEST_STEP
    return drawn
