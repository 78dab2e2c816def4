"""What constructors ask of their options: a wrong one raises at once and says what there is."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from numbers import Real
from typing import Any


def one_of(option: str, given: Any, choices: Iterable[Any]) -> None:
    """Raise ValueError unless the value given for an option is one of its choices.

    >>> one_of("unit", "lines", ("tokens", "words"))
    Traceback (most recent call last):
    ValueError: unit must be one of tokens, words, not 'lines'
    """
    known = tuple(choices)
    if not any(given is choice or given == choice for choice in known):
        listed = ", ".join(choice if isinstance(choice, str) else repr(choice) for choice in known)
        raise ValueError(f"{option} must be one of {listed}, not {given!r:.60}")


def finite(value: Any, what: str) -> float:
    """A finite number, or a ValueError that says what it was meant for.

    >>> finite(float("nan"), "a weight")
    Traceback (most recent call last):
    ValueError: a weight is a finite number, not nan
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise ValueError(f"{what} is a finite number, not {value!r}")
    return float(value)
