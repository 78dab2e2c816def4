"""A day as a task for a language model: what is known in the morning, and how to write the schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .scenario import Scenario, scenario_of
from .world import MINUTES, OPENS, FleetWorld

ANSWER = (
    "Answer with one JSON object: for each aircraft the vertiports that it goes to, one after the other, "
    'such as {"0": [1, 0], "1": [2]}. Its own vertiport means to stay and charge.'
)


def schedule_rows(seeds: Iterable[int], world: FleetWorld | None = None) -> list[dict[str, Any]]:
    """Rows of a data set for `ScheduleJudge`: a prompt and the seed of its day.

    >>> row, = schedule_rows([3])
    >>> row["scenario_seed"], row["prompt"].splitlines()[0]
    (3, '6 aircraft with 4 seats fly between 4 vertiports from 6:00 to 18:00.')
    """
    world = world or FleetWorld.mini()
    return [{"prompt": describe(scenario_of(world, seed)), "scenario_seed": seed} for seed in seeds]


def describe(scenario: Scenario) -> str:
    """The day in words: the rules, the map, expected passengers, closures and delays; luck stays hidden."""
    world = scenario.world
    opens, closes = OPENS // 60, (OPENS + MINUTES) // 60
    lines = [
        f"{world.aircraft} aircraft with {world.seats} seats fly between {world.vertiports} vertiports from "
        f"{opens}:00 to {closes}:00.",
        f"Aircraft k begins at vertiport k mod {world.vertiports} with {world.battery_max:g} kWh. A mile takes "
        f"{world.kwh_per_mile:.3g} kWh and {60 / world.miles_per_hour:.2g} minutes; {world.reserve_kwh:g} kWh must "
        f"remain. To stay takes {world.stop_minutes} minutes and charges at {world.charge_kw:g} kW, where there is a "
        f"charger, for ${world.price_per_kwh:g} a kWh.",
        f"A passenger pays ${world.base_fare:g} and ${world.cost_per_mile:g} a mile, more where many want to fly, and "
        f"costs ${world.cost_per_mile:g} a mile.",
        "Vertiports (aircraft it has room for, chargers, mean delay of a take-off in minutes):",
    ]
    lines += [
        f"  {place}: {room}, {chargers}, {delay:.1f}"
        for place, (room, chargers, delay) in enumerate(
            zip(world.parking, world.chargers, scenario.delays, strict=True)
        )
    ]
    lines.append("Routes: miles; passengers expected an hour at 8:30, 12:30, 16:30; hours when it is closed:")
    lines += [f"  {here} to {there}: {_route(scenario, here, there)}" for here, there in _routes(world)]
    return "\n".join([*lines, ANSWER])


def _routes(world: FleetWorld) -> list[tuple[int, int]]:
    places = range(world.vertiports)
    return [(here, there) for here in places for there in places if here != there]


def _route(scenario: Scenario, here: int, there: int) -> str:
    world = scenario.world
    an_hour = 60 / world.bin_minutes
    times = [(clock - OPENS) // world.bin_minutes for clock in (8 * 60 + 30, 12 * 60 + 30, 16 * 60 + 30)]
    expected = ", ".join(f"{an_hour * world.expected_demand[time][here][there]:.0f}" for time in times)
    closed = [str(OPENS // 60 + hour) for hour, routes in enumerate(scenario.closed) if routes[here][there]]
    return f"{world.miles[here][there]:.1f}; {expected}; {', '.join(closed) or 'never'}"
