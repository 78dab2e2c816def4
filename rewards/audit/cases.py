"""Cases to attack, from answers that somebody wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...judges.completion import completion_text
from .attack import Case

Row = Mapping[str, Any]


def cases_of(
    rows: Iterable[Row],
    is_right: Callable[[Sequence[Row]], Sequence[bool | None]],
    *,
    completion: str = "completion",
    prompt: str = "prompt",
    most: int = 32,
) -> list[Case]:
    """Honest answers by prompt, the first `most` prompts.

    is_right: says of rows whether each is right; None where nobody knows, and the row is left out.

    A prompt without a wrong answer borrows one that is right elsewhere and wrong here; one for which none is found is
    left out.
    """
    kept = list(rows)
    labels = is_right(kept)
    groups: dict[str, list[tuple[Row, bool]]] = {}
    for row, said in zip(kept, labels, strict=True):
        if said is not None:
            groups.setdefault(repr(row.get(prompt)), []).append((row, said))
    firsts = [group[0][0] for group in groups.values()]
    lent = dict.fromkeys(completion_text(row[completion]) for row, right in zip(kept, labels, strict=True) if right)
    cases = []
    for row, group in zip(firsts, groups.values(), strict=True):
        right, wrong = (
            tuple(dict.fromkeys(completion_text(one[completion]) for one, said in group if said is wanted))
            for wanted in (True, False)
        )
        if not wrong:
            others = [{**row, completion: text} for text in list(lent)[:8] if text not in right]
            wrong = tuple(
                str(other[completion]) for other, said in zip(others, is_right(others), strict=True) if said is False
            )[:1]
        if wrong:
            columns = {name: value for name, value in row.items() if name not in (completion, prompt)}
            cases.append(Case(row.get(prompt), columns, right, wrong))
        if len(cases) == most:
            break
    return cases
