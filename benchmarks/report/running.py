"""Runs the arms of an experiment side by side, shows how far they are, and keeps what they gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..experiment import Experiment, Listen, Result, Setting
from ..side_by_side import side_by_side
from . import store
from .store import Run


def run_experiment(
    experiment: Experiment,
    *,
    seeds: Sequence[int],
    arms: Sequence[str],
    steps: int,
    quick: bool,
    workers: int,
    path: Path,
    resume: bool,
    console: Console,
) -> dict[str, Any]:
    """Run every arm with every seed and return the document, which is on disk after each run that ends.

    resume: take the runs of the file at `path` that had the same budget, and do only what is missing.
    """
    runs = store.finished(path, steps=steps, quick=quick) if resume else []
    done = {(run.arm, run.seed) for run in runs}
    missing = [(arm, seed) for seed in seeds for arm in arms if (arm, seed) not in done]
    with Progress(*_columns(), console=console, transient=True) as bars:
        _prepare(experiment, sorted({seed for _, seed in missing}), bars)
        shown = _Shown(bars, missing, steps)
        settings = [partial(_measured, experiment.run, arm, seed, steps, quick) for arm, seed in missing]
        for number, run in side_by_side(settings, workers=workers, hear=shown.hear):
            _check(experiment, run)
            runs.append(run)
            store.save(path, store.document(experiment, runs, steps=steps, quick=quick))
            shown.ended(number)
            console.print(f"  {run.arm}, seed {run.seed}: {run.seconds:.0f} CPU seconds", style="dim")
    return store.document(experiment, runs, steps=steps, quick=quick)


def _measured(run: Callable[[Setting], Result], arm: str, seed: int, steps: int, quick: bool, listen: Listen) -> Run:
    started = process_time()
    result = run(Setting(arm, seed, steps, listen, quick))
    return Run(arm, seed, result, process_time() - started)


def _check(experiment: Experiment, run: Run) -> None:
    if unknown := run.result.final.keys() - experiment.measures.keys():
        raise ValueError(f"{experiment.name} has no measure {', '.join(sorted(unknown))}, which {run.arm} gave")


def _prepare(experiment: Experiment, seeds: Sequence[int], bars: Progress) -> None:
    if experiment.prepare is None or not seeds:
        return
    task = bars.add_task("preparing", total=len(seeds), note="warm starts are kept for the next time")
    for seed in seeds:
        experiment.prepare(seed)
        bars.advance(task)
    bars.remove_task(task)


class _Shown:
    """One bar for everything, and one for each run that is under way."""

    def __init__(self, bars: Progress, jobs: Sequence[tuple[str, int]], steps: int) -> None:
        self.bars, self.jobs, self.steps = bars, jobs, steps
        self.all = bars.add_task("all runs", total=len(jobs), note="")
        self.running: dict[int, TaskID] = {}

    def hear(self, number: int, step: int, shown: Mapping[str, float]) -> None:
        if number not in self.running:
            arm, seed = self.jobs[number]
            self.running[number] = self.bars.add_task(f"{arm}, seed {seed}", total=self.steps, note="")
        note = "  ".join(f"{name} {value:.3g}" for name, value in shown.items())
        self.bars.update(self.running[number], completed=step, note=note)

    def ended(self, number: int) -> None:
        self.bars.advance(self.all)
        if number in self.running:
            self.bars.remove_task(self.running.pop(number))


class _Note(TextColumn):
    def render(self, task: Any) -> Text:
        return Text(task.fields["note"], style="dim")


def _columns() -> tuple[Any, ...]:
    return (
        TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(), _Note(""),
    )  # fmt: skip
