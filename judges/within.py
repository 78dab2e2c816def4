"""The rows of a data set that a judge passes: supervised and preference data are sorted before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from .judge import Judge

Rows = TypeVar("Rows")

LAYOUTS = (("chosen", "rejected"), ("completion",), ("messages",), ("text",))


def within(dataset: Rows, judge: Judge, of: Iterable[str] | None = None) -> Rows:
    """The rows all of whose texts pass; the kind of data set it is stays: a `datasets.Dataset`, or a list of rows.

    >>> from jurybox.judges import LengthJudge
    >>> pairs = [{"chosen": "yes", "rejected": "no"}, {"chosen": "yes", "rejected": "n" * 99}]
    >>> len(within(pairs, LengthJudge(10, unit="characters")))
    1

    With a `DensityGuardian` it keeps what the references support: a pair one side of which lies outside teaches about
    a difference of which nothing is known. Rows on which the judge abstains are left out. The other columns are handed
    to the judge, the prompt too.

    of: the columns with texts or messages; by default "chosen" and "rejected", or else "completion", "messages" or
        "text".

    Raises:
        ValueError: the rows have none of these columns, or not those given.
    """
    rows: Sequence[Mapping[str, Any]] = dataset  # type: ignore[assignment]
    names = list(getattr(dataset, "column_names", None) or (rows[0] if len(rows) else ()))
    if not len(rows):
        return dataset
    texts = tuple(of) if of is not None else next((layout for layout in LAYOUTS if {*layout} <= {*names}), ())
    if not texts or not {*texts} <= {*names}:
        asked = f"the columns {', '.join(texts)}" if texts else "a column with texts; name it, of=['answer']"
        raise ValueError(f"the rows need {asked}; they have {', '.join(names)}")
    columns = {name: [row[name] for row in rows] for name in names}
    prompts = columns.get("prompt")
    others = {name: values for name, values in columns.items() if name not in (*texts, "prompt")}
    said = [judge.verdicts(columns[name], prompts, **others) for name in texts]
    kept = [place for place, verdicts in enumerate(zip(*said, strict=True)) if all(v.passed for v in verdicts)]
    select = getattr(dataset, "select", None)
    return select(kept) if select is not None else type(dataset)(rows[place] for place in kept)  # type: ignore[call-arg]
