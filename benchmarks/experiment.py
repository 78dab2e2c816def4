"""What a paper claims, as something to run: arms that differ in one thing, on the same seeds and the same budget.

A module in `benchmarks/papers/` names its `EXPERIMENTS`; `python -m jurybox.benchmarks` runs them, prints their tables
and draws their curves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

Listen = Callable[[int, Mapping[str, float]], None]
"""Hears how many steps are done and what to show about them."""


@dataclass(frozen=True)
class Measure:
    """A number that says how good a run was.

    title: the head of its column and the label of its axis. format: how it is printed. curve: also drawn over steps.
    """

    title: str
    format: str = ".2f"
    curve: bool = False


@dataclass(frozen=True)
class Result:
    """What one arm gave with one seed.

    final: by measure, after the last step. start: by measure, before the first one, where that can be said.
    curves: by measure, (step, value) pairs. notes: anything else that JSON holds, such as samples.
    """

    final: Mapping[str, float]
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)

    def mean(self, measure: str) -> float:
        """Of all checks but the one before training: who learns faster has more of it."""
        return fmean(value for step, value in self.curves[measure] if step)

    def after(self, step: int, measure: str) -> float:
        """The value at a step; of a run that ended before it or did not measure there, the last one."""
        return dict(self.curves[measure]).get(step, self.final[measure])

    def with_final(self, **more: float) -> Result:
        """The same with more final measures."""
        return replace(self, final={**self.final, **more})


@dataclass(frozen=True)
class Claim:
    """Something that should hold of every seed; `holds` is given one seed's results by the arm's name."""

    text: str
    holds: Callable[[Mapping[str, Result]], bool]


@dataclass(frozen=True)
class Setting:
    """What a run is handed. `quick` asks for less of everything, to see that it works."""

    arm: str
    seed: int
    steps: int
    listen: Listen
    quick: bool = False


@dataclass(frozen=True)
class Experiment:
    """Arms to compare.

    Attributes:
        name: of its files; the paper's own is called as the paper, others `paper-something`.
        title: one line that says what is compared.
        arms: name -> label; the first is the baseline.
        measures: name -> what it is; the columns of the table.
        run: trains one arm with one seed; a function of a module, because it runs in a process of its own.
        steps, quick_steps: the budget of every arm.
        prepare: fills caches (a warm start) for a seed once, before the arms run side by side.
        picture: draws the saved document to a path, instead of curves over steps; the paper's own experiment alone
            has a picture.
    """

    name: str
    title: str
    arms: Mapping[str, str]
    measures: Mapping[str, Measure]
    run: Callable[[Setting], Result]
    steps: int
    quick_steps: int
    claims: tuple[Claim, ...] = ()
    prepare: Callable[[int], None] | None = None
    picture: Callable[[Mapping[str, Any], Path], None] | None = None
    step_name: str = "optimizer steps"
