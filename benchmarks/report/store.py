"""What an experiment gave, as one JSON file that tables, pictures and pages are made from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..experiment import Experiment, Result

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One arm with one seed, and the processor seconds it took."""

    arm: str
    seed: int
    result: Result
    seconds: float


def document(experiment: Experiment, runs: Sequence[Run], *, steps: int, quick: bool = False) -> dict[str, Any]:
    """Everything there is to show, in the order of the arms and seeds; NaN and infinities become null."""
    from ..playground.record import finite, versions

    arms = list(experiment.arms)
    ordered = sorted(runs, key=lambda run: (arms.index(run.arm), run.seed))
    return finite(
        {
            "experiment": experiment.name,
            "title": experiment.title,
            "steps": steps,
            "step_name": experiment.step_name,
            "quick": quick,
            "arms": dict(experiment.arms),
            "measures": {name: asdict(measure) for name, measure in experiment.measures.items()},
            "claims": [{"text": claim.text, "held": held(claim, runs)} for claim in experiment.claims],
            "versions": versions(),
            "runs": [_plain(run) for run in ordered],
        }
    )


def held(claim: Any, runs: Sequence[Run]) -> dict[str, bool]:
    """By seed, whether the claim holds; seeds for which an arm that it is about did not run are left out."""
    answers = {}
    for seed in sorted({run.seed for run in runs}):
        try:
            answers[str(seed)] = bool(claim.holds({run.arm: run.result for run in runs if run.seed == seed}))
        except KeyError:
            continue
    return answers


def save(path: Path, document: Document) -> None:
    """Write the file in one move, one run a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    head = json.dumps({**document, "runs": []}, indent=1, ensure_ascii=False).removesuffix("[]\n}")
    runs = ",\n  ".join(json.dumps(run, ensure_ascii=False) for run in document["runs"])
    partial.write_text(f"{head}[\n  {runs}\n ]\n}}\n", encoding="utf-8")
    partial.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote."""
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return saved


def finished(path: Path, *, steps: int, quick: bool) -> list[Run]:
    """The runs of a file with this budget: what an interrupted benchmark need not repeat."""
    if not path.exists():
        return []
    saved = load(path)
    if (saved["steps"], saved["quick"]) != (steps, quick):
        return []
    return [_run(plain) for plain in saved["runs"]]


def _plain(run: Run) -> dict[str, Any]:
    return {"arm": run.arm, "seed": run.seed, "seconds": round(run.seconds, 1), **asdict(run.result)}


def _run(plain: Mapping[str, Any]) -> Run:
    numbers = {name: {key: _nan(value) for key, value in plain[name].items()} for name in ("final", "start")}
    curves = {name: [(step, _nan(value)) for step, value in points] for name, points in plain["curves"].items()}
    return Run(plain["arm"], plain["seed"], Result(curves=curves, notes=plain["notes"], **numbers), plain["seconds"])


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
