"""CapTAIN: an attention policy over graph capsules dispatches air taxis, against chance, greed and a genetic algorithm.

Four vertiports, six aircraft; every arm is measured on the same twenty days, which no policy was trained on. The
genetic algorithm plans each of these days with its demand, delays and failures known; nobody else knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import fmean
from time import process_time

from ....judges.fleet import (
    Dispatcher,
    FleetDay,
    FleetWorld,
    GreedyDispatcher,
    RandomDispatcher,
    Scenario,
    operate,
)
from ....trainers.control import PPO, Steps
from ....trainers.papers.uam_fleet import DECISIONS, GeneticDispatcher, PolicyDispatcher, captain_ppo
from ...checks import Checks
from ...claims import above, below
from ...experiment import Claim, Experiment, Measure, Result, Setting

DAYS, EVERY, ENVIRONMENTS, UNSEEN = 120, 40, 8, 20
WORLD = FleetWorld.mini()
DISPATCHERS: dict[str, Callable[[int], Dispatcher]] = {
    "random": lambda seed: RandomDispatcher(seed),
    "greedy": lambda seed: GreedyDispatcher(),
    "genetic": lambda seed: GeneticDispatcher(seed=seed),
}
ARMS = {
    "random": "any allowed vertiport",
    "greedy": "the flight that earns most now",
    "genetic": "genetic algorithm that knows the day",
    "captain": "CapTAIN, PPO under masks",
    "unmasked": "the same without masks",
}


def unseen(seed: int, *, quick: bool) -> list[Scenario]:
    """Days to measure on: numbers below 0, where training draws none."""
    first = -UNSEEN * (seed + 1)
    return [Scenario(WORLD, day) for day in range(first, first + (2 if quick else UNSEEN))]


def run(setting: Setting) -> Result:
    """Measure a dispatcher, after training if it learns."""
    days = unseen(setting.seed, quick=setting.quick)
    return _fixed(setting, days) if setting.arm in DISPATCHERS else _learned(setting, days)


def _fixed(setting: Setting, days: list[Scenario]) -> Result:
    """One that does not learn: its curve is flat."""
    dispatcher = DISPATCHERS[setting.arm](setting.seed)
    started = process_time()
    earned = profit(operate(day, dispatcher) for day in days)
    final = {"profit": earned, "seconds": (process_time() - started) / len(days), "training": 0.0}
    setting.listen(setting.steps, final)
    return Result(final, {"profit": [(0, earned), (setting.steps, earned)]})


def _learned(setting: Setting, days: list[Scenario]) -> Result:
    masked, measured = setting.arm == "captain", 0.0
    ppo = captain_ppo(WORLD, environments=ENVIRONMENTS, masked=masked, seed=setting.seed)
    dispatcher = PolicyDispatcher(ppo.policy, WORLD, masked=masked)
    checks = Checks(setting, EVERY)

    def check(done: int) -> None:
        nonlocal measured
        began = process_time()
        checks.at(done, lambda: {"profit": profit(dispatcher.operate(days))})
        measured += process_time() - began

    def follow(learner: PPO, steps: Steps) -> None:
        check(min(learner.iteration * ENVIRONMENTS, setting.steps))

    started = process_time()
    check(0)
    ppo.learn(setting.steps * DECISIONS, follow)
    training = process_time() - started - measured
    started = process_time()
    operate(days[0], dispatcher)
    return checks.result().with_final(seconds=process_time() - started, training=training)


def profit(days: Iterable[FleetDay]) -> float:
    """Mean profit, dollars."""
    return fmean(day.profit for day in days)


EXPERIMENTS = (
    Experiment(
        name="uam-fleet",
        title="Four vertiports, six aircraft: profit of twenty days that nobody was trained on",
        arms=ARMS,
        measures={
            "profit": Measure("profit of a day, $", ".0f", curve=True),
            "seconds": Measure("CPU s to dispatch a day", ".3f"),
            "training": Measure("CPU s of training", ".0f"),
        },
        run=run,
        steps=DAYS,
        quick_steps=16,
        claims=(
            Claim("more than 1.5 times the profit of chance", above("captain", "random", "profit", share=1.5)),
            Claim("more than the genetic algorithm, which knows the day", above("captain", "genetic", "profit")),
            Claim("more than greed", above("captain", "greedy", "profit")),
            Claim("trained in less than five minutes", lambda results: results["captain"].final["training"] < 300),
            Claim(
                "a day is dispatched in less than half of the genetic algorithm's time",
                below("captain", "genetic", "seconds", share=0.5),
            ),
            Claim(
                "without masks it is not better", lambda results: not above("unmasked", "captain", "profit")(results)
            ),
        ),
        step_name="training days",
    ),
)
