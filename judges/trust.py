"""A judge that is believed as far as it was right before: measured by `jurybox calibrate`, kept in a file."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import JuryboxError
from .judge import Judge
from .options import one_of
from .sample import Sample
from .verdict import Verdict

Below = Literal["warn", "abstain"]
logger = logging.getLogger("jurybox")


class NotCalibrated(JuryboxError, ValueError):  # noqa: N818 - it says what the judge is
    """Nobody has measured this judge, or the file is of another one."""


def identity(judge: Any) -> str:
    """What a judge's measures are kept under: how it was written, and the name of its model where it asks one."""
    complete = getattr(judge, "complete", None)
    model = getattr(complete, "model", "") or getattr(judge, "model", "")
    return f"{judge!r} @ {model}" if isinstance(model, str) and model else repr(judge)


class Trusted(Judge):
    """The judge, if it agreed with people often enough; made by `judge.trusted(…)`.

    Below the floor it warns once and judges on (`below="warn"`), or abstains on every row with "not trusted".

    Reasons: those of the judge; "not trusted".

    Args:
        kappa: Cohen's κ between this judge and people.
    """

    def __init__(self, judge: Judge, kappa: float, *, min_kappa: float, below: Below) -> None:
        one_of("below", below, get_args(Below))
        self.judge = judge
        self.name, self.columns, self.optional, self.reads = judge.name, judge.columns, judge.optional, judge.reads
        self.beside_model, self.repeatable = judge.beside_model, judge.repeatable
        self.kappa = kappa
        self.min_kappa = min_kappa
        self.silent = kappa < min_kappa and below == "abstain"
        if kappa < min_kappa:
            what = "it abstains" if self.silent else "it judges all the same"
            logger.warning("%s has κ %.3f against people, below %.3f: %s", self.name, kappa, min_kappa, what)

    def _judge_batch(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        if self.silent:
            evidence = {"kappa": self.kappa, "min_kappa": self.min_kappa}
            return [Verdict(None, "skipped", "not trusted", evidence) for _ in samples]
        return self.judge.judge_samples(samples, (*self.columns, *self.optional))

    def _unusable(self, sample: Sample) -> str:
        return self.judge._unusable(sample)

    def close(self) -> None:
        self.judge.close()


def kappa_of(judge: Judge, path: Path) -> float:
    """The κ that was measured of a judge.

    Raises:
        NotCalibrated: there is no such file, or nothing about this judge in it; the message says how to measure.
    """
    how = f"measure it: jurybox calibrate my_module:judge labelled.jsonl --label COLUMN -o {path}"
    if not path.exists():
        raise NotCalibrated(f"there is no {path}; {how}")
    known = json.loads(path.read_text(encoding="utf-8"))
    found = known.get(identity(judge))
    if found is None:
        raise NotCalibrated(f"{path} knows {', '.join(known) or 'no judge'}, and not {identity(judge)}; {how}")
    return float(found["kappa"]) if found.get("kappa") is not None else 0.0
