"""In which order the parts of a reward are learned, read off what training logged.

A part's *rise* is the first step at which the moving average of its logged means has made half of its total gain,
from the first full window to the last.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from transformers import TrainerCallback

logger = logging.getLogger("jurybox")

WINDOW = 20  # logged values that are averaged
LOGGED_AS = ("rewards/{}/mean", "{}/score")  # a reward function of TRL's list, a part of a composed reward


@dataclass(frozen=True)
class Rise:
    """How a part of the reward went; `step` is None for one that gained nothing."""

    name: str
    step: int | None
    start: float
    end: float

    def __str__(self) -> str:
        when = "no gain" if self.step is None else f"half its gain by step {self.step}"
        return f"{self.name}: {self.start:.3f} -> {self.end:.3f}, {when}"


class Curriculum(TrainerCallback):
    """When training ends, tells in which order the parts of the reward rose.

        curriculum = Curriculum(["valid", "struct", "correct"])
        RLStructTrainer(..., callbacks=[curriculum]).train()
        curriculum.rises[0].name                          # what was learned first

    The trainer's own log is read, so a resumed run tells of all its steps. With a window shorter than the log, and
    `logging_steps=1`, a rise is exact to the step.

    Args:
        names: parts of a composed reward or reward functions, by the names they are logged under.
        window: how many logged values an average takes.
    """

    def __init__(self, names: Sequence[str], window: int = WINDOW) -> None:
        if window < 1:
            raise ValueError(f"window must be at least 1 logged value, not {window!r}")
        self.names = tuple(names)
        self.window = window
        self.rises: list[Rise] = []

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Read the log."""
        self.rises = rises(state.log_history, self.names, self.window)
        if state.is_world_process_zero:
            for rise in self.rises:
                logger.info("curriculum: %s", rise)


def rises(log: Iterable[Mapping[str, Any]], names: Iterable[str], window: int = WINDOW) -> list[Rise]:
    """The rise of every part that was logged for a full window, earliest first; those without a gain come last.

    log: `trainer.state.log_history`.
    """
    rows = list(log)
    found = [rise_of(name, curve, window) for name in names if len(curve := _curve(rows, name)) >= window]
    return sorted(found, key=lambda rise: (rise.step is None, rise.step))


def rise_of(name: str, curve: Sequence[tuple[int, float]], window: int = WINDOW) -> Rise:
    """The rise of one curve of (step, value) pairs.

    >>> rise_of("valid", [(1, 0.0), (2, 0.0), (3, 0.8), (4, 1.0)], window=1)
    Rise(name='valid', step=3, start=0.0, end=1.0)

    Raises:
        ValueError: the curve is shorter than the window.
    """
    if len(curve) < window:
        raise ValueError(f"a moving average over {window} values needs as many, {name} has {len(curve)}")
    values = [value for _, value in curve]
    means = [fmean(values[end - window : end]) for end in range(window, len(values) + 1)]
    gain = means[-1] - means[0]
    half = [place for place, mean in enumerate(means) if gain > 0.0 and mean - means[0] >= gain / 2]
    return Rise(name, curve[half[0] + window - 1][0] if half else None, means[0], means[-1])


def _curve(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, float]]:
    for pattern in LOGGED_AS:
        key = pattern.format(name)
        if curve := [(int(row["step"]), float(row[key])) for row in rows if key in row]:
            return curve
    return []
