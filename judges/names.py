"""Names of parts, which have to be distinct where verdicts and logs are told apart by them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count


def numbered(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, each once.

    >>> numbered(["a", "a", "b"])
    ['a', 'a_2', 'b']
    """
    used = set(taken)
    distinct = []
    for name in names:
        candidates = chain([name], (f"{name}_{number}" for number in count(2)))
        distinct.append(next(candidate for candidate in candidates if candidate not in used))
        used.add(distinct[-1])
    return distinct
