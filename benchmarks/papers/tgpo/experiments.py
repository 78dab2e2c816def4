"""Goals in order and in time, in the plane and with an arm: stage rewards against robustness at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ....trainers.control import Phase
from ....trainers.papers.tgpo import Alternative, ground
from ...claims import above
from ...experiment import Claim, Experiment, Result, Setting
from . import plane, reacher
from .events import EXPERIMENT as EVENTS
from .picture import save_paths
from .task import ARMS, DRAWS, MEASURES, Task


def _later(alternative: Alternative, samples: int) -> Alternative:
    """The same with a first time so many samples later: earlier ones cannot be met."""
    first, *others = alternative.variables
    return replace(alternative, variables=(replace(first, lo=first.lo + samples), *others))


PLANE = Task(
    plane.Plane,
    plane.FORMULA,
    plane.signals,
    plane.SAMPLES,
    tuple(_later(one, plane.EARLIEST) for one in ground(plane.FORMULA)),
    Phase(epochs=8, minibatch=640, lr=7e-4),
)
REACHER = Task(
    reacher.arms,
    reacher.FORMULA,
    reacher.signals,
    reacher.SAMPLES,
    tuple(_later(one, 6) for one in ground(reacher.FORMULA)),
    Phase(epochs=8, minibatch=360, lr=1e-3),
    envs=32,
    judged_on=64,
    normalise=True,
)


def run(setting: Setting) -> Result:
    """One arm in the plane."""
    return PLANE.run(setting)


def run_reacher(setting: Setting) -> Result:
    """One arm with the arm of MuJoCo."""
    return REACHER.run(setting)


def _reaches(share: float) -> Claim:
    return Claim(
        f"{ARMS['uniform']}: success is at least {share}", lambda results: results["uniform"].final["success"] >= share
    )


def _chosen(results: Mapping[str, Result]) -> bool:
    return results["uniform"].final["best"] >= results["uniform"].final["success"]


CHOSEN = Claim(f"choosing the best of {DRAWS} draws by the critic is no worse than one draw", _chosen)
EXPERIMENT = Experiment(
    name="tgpo",
    title="Three discs in the plane, in order and in time",
    arms=ARMS,
    measures=MEASURES,
    run=run,
    steps=50,
    quick_steps=4,
    claims=(
        _reaches(0.4),
        Claim(
            "robustness at the end alone stays below 0.1", lambda results: results["terminal"].final["success"] < 0.1
        ),
        CHOSEN,
        Claim("TGPO* is above TGPO, times drawn once", above("metropolis", "uniform", "success")),
    ),
    picture=save_paths,
    step_name="iterations of 8,960 steps",
)
ARM = Experiment(
    name="tgpo-reacher",
    title="MuJoCo's two-joint arm at one place, and some time later at another",
    arms=ARMS,
    measures=MEASURES,
    run=run_reacher,
    steps=40,
    quick_steps=4,
    claims=(
        _reaches(0.4),
        Claim("TGPO is above robustness at the end", above("uniform", "terminal", "success")),
        CHOSEN,
    ),
    step_name="iterations of 1,440 steps",
)
EXPERIMENTS = (EXPERIMENT, ARM, EVENTS)
