"""Compare what a function gave with what was expected: |got − expected| <= tolerance · max(1, |expected|)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Difference:
    """A place where the two differ by more than allowed.

    Attributes:
        error: |got − expected|; infinite where the two cannot be subtracted.
    """

    path: str
    error: float
    told: str


def differences(
    got: Any, expected: Any, tolerance: float, unordered: Set[str] = frozenset(), path: str = ""
) -> Iterator[Difference]:
    """All places where the two differ. Lists under a key in `unordered` are compared as sets.

    Values that were not expected are no difference: a function may give more than a paper lists.
    """
    got = plain(got)
    if isinstance(expected, Mapping):
        yield from _mapping(got, expected, tolerance, unordered, path)
    elif isinstance(expected, list):
        yield from _list(got, expected, tolerance, unordered, path)
    elif _is_number(got) and _is_number(expected):
        error = _error(got, expected)
        if error and (math.isinf(error) or error > tolerance * max(1.0, abs(expected))):
            yield Difference(path, error, f"{got!r} instead of {expected!r}")
    elif got != expected:
        yield Difference(path, math.inf, f"{got!r:.80} instead of {expected!r:.80}")


def plain(value: Any) -> Any:
    """Tensors and arrays as lists and numbers, tuples as lists."""
    if isinstance(value, Tensor):
        return value.detach().tolist()
    if hasattr(value, "tolist"):  # NumPy
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _mapping(got: Any, expected: Mapping[str, Any], tolerance: float, unordered: Set[str], path: str) -> Iterator[Any]:
    if not isinstance(got, Mapping):
        yield Difference(path, math.inf, f"{type(got).__name__} instead of a mapping")
        return
    for key, value in expected.items():
        place = f"{path}.{key}" if path else key
        if key not in got:
            yield Difference(place, math.inf, "missing")
        elif key in unordered and isinstance(value, list):
            yield from _as_sets(got[key], value, tolerance, unordered, place)
        else:
            yield from differences(got[key], value, tolerance, unordered, place)


def _list(got: Any, expected: Sequence[Any], tolerance: float, unordered: Set[str], path: str) -> Iterator[Difference]:
    if not isinstance(got, list) or len(got) != len(expected):
        had = f"{len(got)} values" if isinstance(got, list) else f"{got!r:.80}"
        yield Difference(path, math.inf, f"{had} instead of {len(expected)} values")
        return
    for place, (one, other) in enumerate(zip(got, expected, strict=True)):
        yield from differences(one, other, tolerance, unordered, f"{path}[{place}]")


def _as_sets(got: Any, expected: list[Any], tolerance: float, unordered: Set[str], path: str) -> Iterator[Difference]:
    rest = list(plain(got))
    for value in expected:
        match = next((one for one in rest if not any(differences(one, value, tolerance, unordered))), None)
        if match is None:
            yield Difference(path, math.inf, f"{value!r:.80} is not among them")
        else:
            rest.remove(match)
    if rest and len(plain(got)) != len(expected):
        yield Difference(path, math.inf, f"{len(rest)} too many, such as {rest[0]!r:.80}")


def _error(got: float, expected: float) -> float:
    if got == expected or (math.isnan(got) and math.isnan(expected)):
        return 0.0
    error = abs(got - expected)
    return math.inf if math.isnan(error) or math.isinf(expected) else error


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))
