"""A run on paper: everything needed to repeat it, and what it gave, as one JSON file."""

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .heldout import Measurement
from .training import Plan

PACKAGES = ("jurybox", "trl", "transformers", "torch", "accelerate", "datasets", "math-verify", "sympy")


@dataclass(frozen=True)
class RunRecord:
    """One training run: its ingredients, every step's log, the held-out measurements and the time it took.

    `policy` and `data` say where each came from; `reward` is the expression as written; `weights` the weight
    of each named part in it; `seconds` the wall time of each stage.
    """

    policy: str
    data: str
    reward: str
    weights: dict[str, float]
    plan: Plan
    history: list[dict[str, float]]
    measurements: Sequence[Measurement]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def before(self) -> Measurement:
        return self.measurements[0]

    @property
    def after(self) -> Measurement:
        return self.measurements[-1]

    def rows(self) -> list[tuple[str, float, float]]:
        """Return the before/after table: (label, before, after) for each part, the reward and the length."""
        parts = [(name, value, self.after.parts[name]) for name, value in self.before.parts.items()]
        return [
            *parts,
            ("reward", self.before.reward, self.after.reward),
            ("characters", self.before.characters, self.after.characters),
        ]

    def save(self, path: Path, *, examples: int = 8) -> None:
        """Write the record as JSON, with the first few completions before and after."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(finite(self._as_data(examples)), indent=1) + "\n", encoding="utf-8")

    def _as_data(self, examples: int) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "data": self.data,
            "reward": self.reward,
            "weights": self.weights,
            "plan": asdict(self.plan),
            "versions": versions(),
            "seconds": self.seconds,
            "table": {label: {"before": before, "after": after} for label, before, after in self.rows()},
            "held_out": [_without_completions(measurement) for measurement in self.measurements],
            "completions": {
                "before": self.before.completions[:examples],
                "after": self.after.completions[:examples],
            },
            "history": self.history,
        }


def versions() -> dict[str, str]:
    """Return the versions of Python and of every installed package that a run's numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _without_completions(measurement: Measurement) -> dict[str, Any]:
    return {name: value for name, value in asdict(measurement).items() if name != "completions"}


def finite(data: Any) -> Any:
    """Return the data with NaN and infinities, which JSON does not have, as null."""
    if isinstance(data, dict):
        return {name: finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
