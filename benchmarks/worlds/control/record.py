"""What a learner earned while it learned: the returns of all its training episodes, and the processor time it took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from time import process_time

from ...experiment import Listen, Measure, Result

BUCKETS = 20

MEASURES = {
    "auc": Measure("return, all episodes", ".1f"),
    "tail": Measure("return, last fifth of the steps", ".1f"),
    "speed": Measure("steps per CPU second", ".0f"),
    "return": Measure("return", ".1f", curve=True),
}


@dataclass
class Record:
    """Returns by the step at which their episodes ended; the clock runs from its construction to `result`."""

    total: int
    listen: Listen
    ended: list[tuple[int, float]] = field(default_factory=list)
    started: float = field(default_factory=process_time)

    def add(self, step: int, returns: float) -> None:
        """An episode that ended."""
        self.ended.append((step, returns))

    def tell(self, step: int) -> None:
        """How far it is."""
        recent = [value for _, value in self.ended[-20:]]
        self.listen(min(step, self.total), {"return": fmean(recent)} if recent else {})

    def result(self, steps: int, **more: float) -> Result:
        """Means over all episodes, over those of the last fifth, and over twentieths of the run as a curve."""
        seconds = process_time() - self.started
        last = [value for step, value in self.ended if step > 0.8 * self.total]
        buckets: dict[int, list[float]] = {}
        for step, value in self.ended:
            buckets.setdefault(min(BUCKETS, math.ceil(step * BUCKETS / self.total)), []).append(value)
        curve = [(bucket * self.total // BUCKETS, fmean(values)) for bucket, values in sorted(buckets.items())]
        final: Mapping[str, float] = {
            "auc": fmean(value for _, value in self.ended),
            "tail": fmean(last) if last else math.nan,
            "speed": steps / seconds,
            "return": curve[-1][1],
        }
        return Result({**final, **more}, {"return": curve}, {"episodes": len(self.ended)})
