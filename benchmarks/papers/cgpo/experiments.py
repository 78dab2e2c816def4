"""CGPO's three optimizers against GRPO and DPO on a reward model that can be hacked.

Every method starts from the same warm start, sees the same prompts and draws the same number of completions. What is
measured are 256 held-out prompts of each stratum, sampled: what the reward model thinks (proxy), how many answers are
right (accuracy), and how many violate a judge (violations).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.cache import cached_warm_start
from ...playground.hacking import METHODS, STRATA, World, learned_proxy, train_method, warm_start
from ...playground.hacking.picture import save_picture
from ...playground.hacking.reward_model import PAIRS
from ...playground.hacking.world import HELD_OUT_ROWS

STEPS, EVERY = 100, 20
# "records: violations" -> the stratum's task and what is measured of it
MEASURES = {f"{task}: {what}": (task, what) for task in STRATA for what in ("proxy", "accuracy", "violations")}
ARMS = {name: method.title for name, method in METHODS.items()}


def run(setting: Setting) -> Result:
    """Train one method; a checkup every 20 steps."""
    start = cached_warm_start(warm_start(seed=setting.seed))
    held_out, pairs = (24, 320) if setting.quick else (HELD_OUT_ROWS, PAIRS)
    world = World.made(start, seed=setting.seed, held_out=held_out)
    proxy = learned_proxy(seed=setting.seed, pairs=pairs)
    every = min(EVERY, setting.steps)
    trained = train_method(
        setting.arm, world, proxy, seed=setting.seed, steps=setting.steps, every=every, listen=_told(setting)
    )
    return result_of(trained.as_data()["checkups"])


def result_of(checkups: list[dict[str, Any]]) -> Result:
    """The measures of a run from its checkups as plain data."""
    curves = {
        name: [(checkup["step"], checkup["strata"][task][what]) for checkup in checkups]
        for name, (task, what) in MEASURES.items()
    }
    return Result(
        start={name: curve[0][1] for name, curve in curves.items()},
        final={name: curve[-1][1] for name, curve in curves.items()},
        curves=curves,
        notes={"checkups": checkups},
    )


def _told(setting: Setting) -> Any:
    return lambda step, logs: setting.listen(step, {"reward": logs.get("reward", logs.get("loss", 0.0))})


def prepare(seed: int) -> None:
    """The warm start takes longest."""
    cached_warm_start(warm_start(seed=seed))


def picture(document: Mapping[str, Any], path: Path) -> None:
    """What the reward model thinks against what is true."""
    runs = [{"method": run["arm"], "seed": run["seed"], **run["notes"]} for run in document["runs"]]
    save_picture(runs, path)


def _violates_less(arm: str, than: str, share: float = 1.0) -> Any:
    """Whether an arm ends with a smaller share of violations in both strata."""

    def holds(results: Mapping[str, Result]) -> bool:
        return all(
            results[arm].final[f"{task}: violations"] < share * results[than].final[f"{task}: violations"]
            for task in STRATA
        )

    return holds


def _hacked(results: Mapping[str, Result]) -> bool:
    end = results["grpo"].final
    return all(end[f"{task}: violations"] >= 0.95 for task in STRATA)


EXPERIMENTS = (
    Experiment(
        name="cgpo",
        title="CGPO's optimizers on a reward model that can be hacked",
        arms=ARMS,
        measures={
            name: Measure(name, "+.2f" if what == "proxy" else ".2f", curve=True)
            for name, (_, what) in MEASURES.items()
        },
        run=run,
        steps=STEPS,
        quick_steps=5,
        claims=(
            Claim("GRPO on the proxy is hacked: at least 95 % of its answers violate a judge", _hacked),
            *(
                Claim(
                    f"{ARMS[arm]} violates at most half as often as GRPO, in both strata",
                    _violates_less(arm, "grpo", 0.5),
                )
                for arm in ("crpg", "codpo", "crraft")
            ),
            Claim("CRPG violates less often than without judges", _violates_less("crpg", "crpg-unjudged")),
        ),
        prepare=prepare,
        picture=picture,
    ),
)
