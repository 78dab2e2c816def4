"""CapTAIN: an attention policy over graph capsules dispatches air taxis, against chance, greed and a genetic algorithm.

Four vertiports, six aircraft; every arm is measured on the same twenty days, which no policy was trained on. The
genetic algorithm plans each of these days with its demand, delays and failures known; nobody else knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from time import process_time

from ....judges.fleet import Dispatcher, FleetWorld, GreedyDispatcher, RandomDispatcher, Scenario, operate
from ....trainers.papers.uam_fleet import GeneticDispatcher
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting

DAYS, TEST_DAYS = 240, 20
WORLD = FleetWorld.mini()
DISPATCHERS: dict[str, tuple[str, Callable[[int], Dispatcher]]] = {
    "random": ("any allowed vertiport", lambda seed: RandomDispatcher(seed)),
    "greedy": ("the flight that earns most now", lambda seed: GreedyDispatcher()),
    "genetic": ("genetic algorithm that knows the day", lambda seed: GeneticDispatcher(seed=seed)),
}


def unseen_days(seed: int, quick: bool) -> range:
    """Seeds of days to measure on: below 0, where training draws none."""
    first = -TEST_DAYS * (seed + 1)
    return range(first, first + (2 if quick else TEST_DAYS))


def measure(dispatcher: Dispatcher, days: range) -> dict[str, float]:
    """Mean profit of days, dollars, and CPU seconds that a day takes, planning and simulation together."""
    started = process_time()
    profit = fmean(operate(Scenario(WORLD, day), dispatcher).profit for day in days)
    return {"profit": profit, "seconds": (process_time() - started) / len(days)}


def run(setting: Setting) -> Result:
    """Measure a dispatcher that does not learn: its curve is flat."""
    _, make = DISPATCHERS[setting.arm]
    measured = measure(make(setting.seed), unseen_days(setting.seed, setting.quick))
    setting.listen(setting.steps, measured)
    return Result(measured, {"profit": [(0, measured["profit"]), (setting.steps, measured["profit"])]})


EXPERIMENTS = (
    Experiment(
        name="uam-fleet",
        title="Four vertiports, six aircraft: profit of twenty days that nobody was trained on",
        arms={name: title for name, (title, _) in DISPATCHERS.items()},
        measures={
            "profit": Measure("profit of a day, $", ".0f", curve=True),
            "seconds": Measure("CPU s a day", ".3f"),
        },
        run=run,
        steps=DAYS,
        quick_steps=8,
        claims=(
            Claim("greed earns more than chance", above("greedy", "random", "profit")),
            Claim("the genetic algorithm earns more than chance", above("genetic", "random", "profit")),
        ),
        step_name="training days",
    ),
)
