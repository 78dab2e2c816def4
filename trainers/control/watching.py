"""Callbacks that show how training goes."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .steps import Episode, Steps

if TYPE_CHECKING:
    from .ppo import PPO


def summary(episodes: list[Episode]) -> dict[str, float]:
    """Of episodes that ended: how many, their mean length and return, of each objective if there are several.

    >>> summary([Episode(np.array([1.0, 3.0]), 7, 0)])
    {'episodes': 1.0, 'length': 7.0, 'return_0': 1.0, 'return_1': 3.0}
    """
    if not episodes:
        return {"episodes": 0.0}
    returns = np.mean([episode.returns for episode in episodes], axis=0)
    names = ["return"] if len(returns) == 1 else [f"return_{k}" for k in range(len(returns))]
    length = float(np.mean([episode.length for episode in episodes]))
    return {"episodes": float(len(episodes)), "length": length} | dict(zip(names, returns.tolist(), strict=True))


class ProgressBar:
    """A bar with the mean return of the last 100 episodes and the steps per second.

    with ProgressBar() as bar:
        ppo.learn(100_000, bar)
    """

    def __init__(self, **options: Any) -> None:
        columns = (TextColumn("{task.fields[shown]}"), TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(BarColumn(), MofNCompleteColumn(), *columns, **options)
        self.recent: deque[Episode] = deque(maxlen=100)

    def __enter__(self) -> Self:
        self.progress.start()
        self.task = self.progress.add_task("", total=None, shown="")
        self.started, self.first = perf_counter(), -1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def __call__(self, ppo: PPO, steps: Steps) -> None:
        """After an update."""
        if self.first < 0:
            self.first = ppo.steps_done - int(steps.valid.sum())
        self.recent.extend(steps.episodes)
        numbers = {name: value for name, value in summary(list(self.recent)).items() if name.startswith("return")}
        speed = (ppo.steps_done - self.first) / (perf_counter() - self.started)
        shown = "  ".join([*(f"{name} {value:.4g}" for name, value in numbers.items()), f"{speed:.0f} steps/s"])
        self.progress.update(self.task, total=ppo.total_steps, completed=ppo.steps_done, shown=shown)


class TensorBoard:
    """Metrics of every update and of the episodes that ended in it, over steps.

    Raises:
        ImportError: tensorboard is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError("this writes files for TensorBoard: pip install tensorboard") from error
        self.writer = SummaryWriter(str(folder))

    def __call__(self, ppo: PPO, steps: Steps) -> None:
        """After an update."""
        for name, value in summary(steps.episodes).items():
            self.writer.add_scalar(f"episode/{name}", value, ppo.steps_done)
        for name, value in ppo.metrics.items():
            self.writer.add_scalar(f"update/{name}", value, ppo.steps_done)
        self.writer.flush()
