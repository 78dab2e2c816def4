"""Columns of hints: from a data set as it is published to what the ladder reads, checked before training."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ....judges.math.read.boxes import last_boxes
from .ladder import TIERS, chunks_of

RELEASED = {
    "knowledge": "knowledge_components_parts",
    "planning": "planning_skeleton_parts",
    "solution": "solution_breakdown_parts",
}
"""Tier -> column of the data set that the paper's authors released."""


def hint_column(tier: str) -> str:
    """The column in which a tier's chunks are."""
    return f"hints_{tier}"


def with_hints(dataset: Any, columns: Mapping[str, str] = RELEASED) -> Any:
    """The data set with a column `hints_TIER`, a list of chunks, for each tier.

        dataset = with_hints(load_dataset("json", data_files="problems.jsonl", split="train"))

    dataset: a `datasets.Dataset`, streamed or not. columns: tier -> where its chunks are: lists, or JSON texts of
    lists. None and missing chunks stay out; their rungs are skipped.

    Raises:
        ValueError: a column that is not there, or a value that is no list of texts: its row is named.
    """
    known = dataset.column_names
    if known is not None and (missing := [name for name in columns.values() if name not in known]):
        raise ValueError(f"the data set has no column {missing[0]!r} (it has: {', '.join(known)})")

    def read(row: Mapping[str, Any], number: int) -> dict[str, list[str]]:
        return {hint_column(tier): _read(row.get(name), f"{name} of row {number}") for tier, name in columns.items()}

    replaced = [name for tier, name in columns.items() if name != hint_column(tier)]
    return dataset.map(read, with_indices=True, remove_columns=replaced)


def _read(value: Any, name: str) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"hints {name!r}: expected a list of texts or JSON, got {value!r:.60}") from None
    return chunks_of(value, name)


def check_hints(dataset: Any, tiers: Sequence[str] = TIERS, answer_column: str = "solution") -> None:
    """Look through the hints of a data set; a stream is left to the moment its rows are used.

    Raises:
        ValueError: hints that are no list of texts.

    Warns where there are no hints at all, and where the answer stands in a hint: that teaches to copy.
    """
    known = getattr(dataset, "column_names", None)
    if not isinstance(known, list) or not hasattr(dataset, "__len__"):
        return
    names = [name for name in map(hint_column, tiers) if name in known]
    if not names:
        wanted = ", ".join(map(hint_column, tiers))
        warnings.warn(f"the data set has none of the columns {wanted}: no prompt is ever helped", stacklevel=4)
        return
    answers = dataset[answer_column] if answer_column in known else [None] * len(dataset)
    told: list[str] = []
    for row, (answer, *hints) in enumerate(zip(answers, *(dataset[name] for name in names), strict=True)):
        chunks = [(name, chunk) for name, given in zip(names, hints, strict=True) for chunk in chunks_of(given, name)]
        if found := next((name for name, chunk in chunks if answer_stands_in(answer, chunk)), None):
            told.append(f"row {row}, {found}")
    if told:
        warnings.warn(
            f"the answer stands in a hint in {len(told)} of {len(dataset)} rows (first: {told[0]}): "
            "what is learnt there is to copy it",
            stacklevel=4,
        )


def answer_stands_in(answer: Any, hint: str) -> bool:
    r"""Whether a gold answer, or what its box holds, is in a hint as a word of its own.

    >>> answer_stands_in(r"So it is \boxed{42}.", "6 * 7 = 42."), answer_stands_in("4", "the 42nd step, 0.4")
    (True, False)
    """
    if answer is None:
        return False
    text = str(answer)
    values = last_boxes(text) or [text.rpartition("####")[2]]
    for value in (value.strip(" \n$.") for value in values):
        if value and value in hint and re.search(rf"(?<![\w.]){re.escape(value)}(?!\w|\.\d)", hint):
            return True
    return False
