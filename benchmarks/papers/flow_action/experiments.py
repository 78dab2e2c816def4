"""3DFlowAction's loop: plans that are looked at before they are carried out, with and without depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....judges import RenderJudge, Tried, render_and_judge
from ....trainers.papers.flow_action import action_chunk, farthest_point_sampling, rigid_transform
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting

Floats = NDArray[np.float64]
TASKS, POINTS, STEPS, RIGHT, NOISE = 200, 64, 8, 0.6, 0.003
ACCEPTED, SUCCESS = (15.0, 0.03), (5.0, 0.01)  # degrees and metres off the goal


@dataclass(frozen=True, eq=False)
class Motion:
    """A turn about the object's own middle, and a shift: axis `(3,)`, degrees, `(3,)` metres."""

    axis: Floats
    degrees: float
    shift: Floats

    @classmethod
    def random(cls, rng: np.random.Generator) -> Motion:
        """45 to 90 degrees about any axis, up to 0.15 m in any direction."""
        axis, way = (vector / np.linalg.norm(vector) for vector in rng.normal(size=(2, 3)))
        return cls(axis, float(rng.uniform(45, 90)), way * rng.uniform(0, 0.15))

    def turn(self, share: float = 1.0) -> Floats:
        """`(3, 3)` of a share of the way."""
        x, y, z = self.axis
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        angle = np.deg2rad(self.degrees) * share
        rotation: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
        return rotation

    def flow(self, cloud: Floats) -> Floats:
        """`(T, N, 3)` where the points are, from before the motion to its end."""
        middle = cloud.mean(0)
        shares = np.linspace(0, 1, STEPS)
        return np.stack([(cloud - middle) @ self.turn(s).T + middle + s * self.shift for s in shares])


def off(goal: Motion, middle: Floats, matrix: Floats) -> tuple[float, float]:
    """How far a motion `(4, 4)` is off the goal: degrees, and metres of the object's middle."""
    cosine = (np.trace(goal.turn().T @ matrix[:3, :3]) - 1) / 2
    there = matrix[:3, :3] @ middle + matrix[:3, 3]
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))), float(np.linalg.norm(there - middle - goal.shift))


def without_depth(flow: Floats) -> Floats:
    """What a flow in the picture knows: each point keeps the depth that it had."""
    return flow / flow[..., 2:] * flow[:1, :, 2:]


ARMS = {
    "open": ("the first plan", 1, False),
    "closed": ("4 tries, looked at", 4, False),
    "closed-2d": ("4 tries, no depth", 4, True),
}


def attempt(arm: str, seed: int) -> tuple[bool, Tried[Floats]]:
    """One task: whether the object ends at its goal, and what the loop did."""
    rng = np.random.default_rng([seed, 5])
    cloud = rng.uniform(-0.06, 0.06, (POINTS, 3)) + np.array([0, 0, 0.7])
    goal, middle = Motion.random(rng), cloud.mean(0)
    _, tries, flat = ARMS[arm]

    def world_model(number: int) -> Floats:
        motion = goal if rng.random() < RIGHT else Motion.random(rng)
        flow = motion.flow(cloud) + rng.normal(scale=NOISE, size=(STEPS, POINTS, 3))
        return without_depth(flow) if flat else flow

    def near(matrix: Floats, instruction: str) -> bool:
        return all(error <= most for error, most in zip(off(goal, middle, matrix), ACCEPTED, strict=True))

    def end(flow: Floats, columns: dict[str, Any]) -> Floats:
        return rigid_transform(cloud, flow[-1]).matrix

    tried = render_and_judge(world_model, RenderJudge(end, near), tries, instruction="to its goal")
    assert tried.candidate is not None  # this judge never abstains
    keys = farthest_point_sampling(cloud, 16)
    chunk = action_chunk(cloud[keys], tried.candidate[:, keys], np.eye(4))
    errors = off(goal, middle, chunk.object_transforms[-1])
    return all(error <= most for error, most in zip(errors, SUCCESS, strict=True)), tried


def run(setting: Setting) -> Result:
    """So many tasks; the same ones for every arm."""
    done: list[bool] = []
    loops: list[Tried[Floats]] = []
    for number in range(setting.steps):
        success, tried = attempt(setting.arm, setting.seed * TASKS + number)
        done.append(success)
        loops.append(tried)
        if (number + 1) % 20 == 0:
            setting.listen(number + 1, {"success": fmean(done)})
    accepted = fmean(bool(tried.accepted) for tried in loops)
    return Result({"success": fmean(done), "accepted": accepted, "tries": fmean(tried.tries for tried in loops)})


def by_a_quarter(results: Mapping[str, Result]) -> bool:
    """Whether looking is worth 0.25 of success."""
    return results["closed"].final["success"] >= results["open"].final["success"] + 0.25


EXPERIMENTS = (
    Experiment(
        name="flow-action",
        title="An object of 64 points to its goal, planned by a world model that is right six times in ten",
        arms={name: label for name, (label, _, _) in ARMS.items()},
        measures={
            "success": Measure("within 5 degrees and 1 cm", ".3f"),
            "accepted": Measure("a plan accepted", ".3f"),
            "tries": Measure("tries", ".2f"),
        },
        run=run,
        steps=TASKS,
        quick_steps=20,
        step_name="tasks",
        claims=(
            Claim("the closed loop is above the first plan by 0.25", by_a_quarter),
            Claim("flow with depth is above flow without", above("closed", "closed-2d", "success")),
        ),
    ),
)
