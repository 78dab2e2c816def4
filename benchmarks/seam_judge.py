"""How much of a slow judge's time a training step hides: `python -m jurybox.benchmarks.seam` prints it.

What is measured is how long a step stands still for the judge: TRL calls reward functions one after the other when
advantages need them, and a plain function before the judge and one behind it look at the clock.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..rewards import Function
from ..trainers import ObjectiveConfig, ObjectiveTrainer

JUDGE_S = 0.3  # that a judge takes for a generation, waiting for somebody
BAR = 0.9
# The reference and the policy before the update are asked about every generation: that is the time to hide in.
SETTINGS: dict[str, Any] = {
    "num_iterations": 2,
    "beta": 0.02,
    "gradient_accumulation_steps": 4,
    "per_device_train_batch_size": 16,
    "max_completion_length": 128,
}


class Clock:
    """A reward function that notes when it is called."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.times: list[float] = []

    def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
        self.times.append(time.perf_counter())
        return [0.0] * len(completions)


def hidden(
    steps_of: Callable[..., Callable[[], Any]],
    score: Callable[..., list[float]],
    drawn: Callable[[], Any],
    repeats: int,
) -> dict[str, float]:
    """The share of a judge's time that a step does not stand still for: median, least and most over generations."""

    def slow(completions: Sequence[str], **columns: Any) -> list[float]:
        time.sleep(JUDGE_S)
        return score(completions, **columns)

    before, behind = Clock("before"), Clock("behind")
    with tempfile.TemporaryDirectory() as folder:
        options = {"config_class": ObjectiveConfig, "rollout_func": drawn()}
        work = steps_of(ObjectiveTrainer, folder, SETTINGS, [before, Function(slow), behind], **options)
        for _ in range(repeats):
            work()
    stood = [after - start for start, after in zip(before.times, behind.times, strict=True)]
    shares = [1 - seconds / JUDGE_S for seconds in stood]
    return {"share": statistics.median(shares), "least": min(shares), "most": max(shares), "generations": len(shares)}
