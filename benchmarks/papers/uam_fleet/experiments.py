"""CapTAIN: an attention policy over graph capsules dispatches air taxis, against chance, greed and a genetic algorithm.

Four vertiports, six aircraft; every arm is measured on the same twenty days, which no policy was trained on. The
genetic algorithm plans the first five of them with their demand, delays and failures known; nobody else knows these.
"""

from __future__ import annotations

from collections.abc import Callable
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
from ....trainers.papers.uam_fleet import GeneticDispatcher
from ....trainers.papers.uam_fleet.policy import PolicyDispatcher
from ....trainers.papers.uam_fleet.training import DECISIONS, captain_ppo
from ...checks import Checks
from ...claims import above, below
from ...experiment import Claim, Experiment, Measure, Result, Setting

DAYS, EVERY, ENVIRONMENTS = 80, 40, 8
UNSEEN, PLANNED = 20, 5  # days to measure on, and how many of them the genetic algorithm plans: it takes seconds a day
WORLD = FleetWorld.mini()
DISPATCHERS: dict[str, Callable[[int], Dispatcher]] = {
    "random": lambda seed: RandomDispatcher(seed),
    "greedy": lambda seed: GreedyDispatcher(),
    "genetic": lambda seed: GeneticDispatcher(seed=seed),
}
ARMS = {
    "random": "chance",
    "greedy": "greed",
    "genetic": "genetic, knows the day",
    "captain": "CapTAIN",
    "unmasked": "CapTAIN without masks",
}


def unseen(seed: int, *, quick: bool) -> list[Scenario]:
    """Days to measure on: numbers below 0, where training draws none."""
    first = -UNSEEN * (seed + 1)
    return [Scenario(WORLD, day) for day in range(first, first + (2 if quick else UNSEEN))]


def run(setting: Setting) -> Result:
    """Measure a dispatcher, if it learns after training."""
    days = unseen(setting.seed, quick=setting.quick)
    return _fixed(setting, days) if setting.arm in DISPATCHERS else _learned(setting, days)


def _fixed(setting: Setting, days: list[Scenario]) -> Result:
    """One that does not learn: its curve is flat."""
    dispatcher = DISPATCHERS[setting.arm](setting.seed)
    if setting.arm == "genetic":
        days = days[:PLANNED]
    started = process_time()
    flown = [operate(day, dispatcher) for day in days]
    seconds = (process_time() - started) / len(days)
    final = {name: value for name, value in earned(flown).items() if name == "planned" or setting.arm != "genetic"}
    setting.listen(setting.steps, final)
    curves = {name: [(0, value), (setting.steps, value)] for name, value in final.items()}
    return Result({**final, "seconds": seconds, "training": 0.0}, curves)


def _learned(setting: Setting, days: list[Scenario]) -> Result:
    masked, measured = setting.arm == "captain", 0.0
    ppo = captain_ppo(WORLD, environments=ENVIRONMENTS, masked=masked, seed=setting.seed)
    dispatcher = PolicyDispatcher(ppo.policy, WORLD, masked=masked)
    checks = Checks(setting, EVERY)

    def check(done: int) -> None:
        nonlocal measured
        began = process_time()
        checks.at(done, lambda: earned(dispatcher.operate(days)))
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


def earned(days: list[FleetDay]) -> dict[str, float]:
    """Mean profit, dollars, of all days and of those that the genetic algorithm plans."""
    profits = [day.profit for day in days]
    return {"profit": fmean(profits), "planned": fmean(profits[:PLANNED])}


MEASURES = {
    "profit": Measure("profit of a day, $", ".0f", curve=True),
    "planned": Measure("of the first five, $", ".0f", curve=True),
    "seconds": Measure("CPU s to dispatch a day", ".3f"),
    "training": Measure("CPU s of training", ".0f"),
}
EXPERIMENTS = (
    Experiment(
        name="uam-fleet",
        title="Four vertiports, six aircraft: profit of twenty days that nobody was trained on",
        arms=ARMS,
        measures=MEASURES,
        run=run,
        steps=DAYS,
        quick_steps=16,
        claims=(
            Claim("more than 1.5 times the profit of chance", above("captain", "random", "profit", share=1.5)),
            Claim(
                "more than the genetic algorithm, which knows the days, on the first five",
                above("captain", "genetic", "planned"),
            ),
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
    Experiment(
        name="uam-fleet-long",
        title="The same policy on three times as many training days",
        arms={name: ARMS[name] for name in ("greedy", "captain")},
        measures=MEASURES,
        run=run,
        steps=3 * DAYS,
        quick_steps=16,
        claims=(
            Claim("at least 1.25 times the profit of greed", above("captain", "greedy", "profit", share=1.25)),
            Claim("trained in less than five minutes", lambda results: results["captain"].final["training"] < 300),
        ),
        step_name="training days",
    ),
)
