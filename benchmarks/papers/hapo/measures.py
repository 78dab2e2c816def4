"""How HAPO's two experiments are measured, and what they claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ....judges import Judge
from ...experiment import Measure, Result
from ...playground.sampling import sample_completions
from ...playground.tasks import Row

MEASURES = {
    "length": Measure("length in tokens", ".1f", curve=True),
    "accuracy": Measure("accuracy", curve=True),
}


def length_and_accuracy(
    policy: Any, tokenizer: Any, rows: Sequence[Row], right: Judge, new_tokens: int
) -> dict[str, float]:
    """One completion of every row, sampled at temperature 1; a character is a token here."""
    texts = sample_completions(policy, tokenizer, [row["prompt"] for row in rows], new_tokens=new_tokens)
    scores = right(completions=texts, solution=[row["solution"] for row in rows])
    return {"length": fmean(map(len, texts)), "accuracy": fmean(score or 0.0 for score in scores)}


def as_right(results: Mapping[str, Result]) -> bool:
    """Whether HAPO's accuracy is at most 0.05 below GRPO's."""
    return results["hapo"].final["accuracy"] >= results["grpo"].final["accuracy"] - 0.05
