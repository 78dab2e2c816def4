"""How much of a slow judge's time a training step hides: `python -m jurybox.benchmarks.seam` prints it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..rewards import Function
from ..trainers import ObjectiveConfig, ObjectiveTrainer
from . import timing

JUDGE_S = 0.3  # that a judge takes for a generation, waiting for somebody
BAR = 0.9
# The reference and the policy before the update are asked about every generation, which takes longer than the judge.
SETTINGS: dict[str, Any] = {
    "num_iterations": 2,
    "beta": 0.02,
    "gradient_accumulation_steps": 4,
    "per_device_train_batch_size": 16,
    "max_completion_length": 128,
}


class Waits:
    """A reward function that waits before it scores."""

    beside_model = True
    __name__ = "waits"

    def __init__(self, score: Callable[..., list[float]], seconds: float) -> None:
        self.score = score
        self.seconds = seconds
        self.calls = 0

    def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
        self.calls += 1
        time.sleep(self.seconds)
        return self.score(completions, **columns)


def hidden(
    steps_of: Callable[..., Callable[[], Any]],
    score: Callable[..., list[float]],
    drawn: Callable[[], Any],
    repeats: int,
) -> dict[str, float]:
    """The share of the judge's time that steps do not grow by, and the seconds it is of; median over pairs of runs."""
    with tempfile.TemporaryDirectory() as quick_folder, tempfile.TemporaryDirectory() as slow_folder:

        def run(folder: str, seconds: float) -> tuple[Waits, Callable[[], Any]]:
            judge = Waits(score, seconds)
            reward = Function(judge)
            options = {"config_class": ObjectiveConfig, "rollout_func": drawn()}
            return judge, steps_of(ObjectiveTrainer, folder, SETTINGS, reward, **options)

        (_, quick), (judge, slow) = run(quick_folder, 0.0), run(slow_folder, JUDGE_S)
        for work in (quick, slow):
            work()
        judge.calls = 0
        pairs = [(timing.seconds(quick), timing.seconds(slow)) for _ in range(repeats)]
    waited = JUDGE_S * judge.calls / repeats
    shares = [1 - (slow - quick) / waited for quick, slow in pairs]
    return {"share": statistics.median(shares), "waited_s": waited, "least": min(shares), "most": max(shares)}
