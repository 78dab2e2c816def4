"""When an output or a value is the expected one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..options import one_of
from .box.values import Opaque

MODES = ("lines", "tokens", "exact")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
LONGEST_NUMBER = 64  # so that no token can make the parser work or raise


@dataclass(frozen=True)
class Compare:
    """How claims are compared with what was expected.

    >>> Compare().outputs_match(b"0.3333333\\n", "0.333333"), Compare().outputs_match(b"1", "1.0\\n2")
    (True, False)

    Attributes:
        mode: "lines" compares token by token within each line, "tokens" ignores line breaks, "exact" every character.
        float_tol: absolute or relative, where the *expected* token or value is a float. Integers are exact.
        casefold: YES equals Yes.
        unordered_lines: lines may come in any order.
        tuples_are_lists: in values, at every depth.
    """

    mode: str = "lines"
    float_tol: float = 1e-6
    casefold: bool = False
    unordered_lines: bool = False
    tuples_are_lists: bool = True

    def __post_init__(self) -> None:
        one_of("compare mode", self.mode, MODES)
        if not 0 <= self.float_tol < 1:
            raise ValueError(f"float_tol is in [0, 1), not {self.float_tol!r}")

    def with_changes(self, changes: Mapping[str, Any]) -> Compare:
        """These options with some replaced, as a row of a data set may ask."""
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"unknown comparison option {min(unknown)!r}")
        return replace(self, **changes) if changes else self

    # Output.

    def outputs_match(self, output: bytes, expected: str) -> bool:
        """Whether standard output is the expected text; bytes that are no UTF-8 are not."""
        try:
            got = output.decode()
        except UnicodeDecodeError:
            return False
        if self.casefold:
            got, expected = got.casefold(), expected.casefold()
        if got == expected:
            return True
        if self.mode == "exact":
            return False
        if self.mode == "tokens":
            return self._tokens_match(got.split(), expected.split())
        return self._lines_match(_lines(got), _lines(expected))

    def _lines_match(self, got: list[list[str]], expected: list[list[str]]) -> bool:
        if len(got) != len(expected):
            return False
        if self.unordered_lines:
            got, expected = sorted(got), sorted(expected)
        return all(map(self._tokens_match, got, expected))

    def _tokens_match(self, got: list[str], expected: list[str]) -> bool:
        return len(got) == len(expected) and all(map(self._token_matches, got, expected))

    def _token_matches(self, got: str, expected: str) -> bool:
        if got == expected:
            return True
        if max(len(got), len(expected)) >= LONGEST_NUMBER or INTEGER.fullmatch(expected):
            return False
        if not (NUMBER.fullmatch(expected) and NUMBER.fullmatch(got)):
            return False
        return self._close(float(got), float(expected))

    def _close(self, got: float, expected: float) -> bool:
        return math.isclose(got, expected, rel_tol=self.float_tol, abs_tol=self.float_tol)

    # Values.

    def values_match(self, got: Any, expected: Any) -> bool:
        """Whether a value, rebuilt from plain data, is the expected one.

        `1 == 1.0` and `True == 1`, as in Python; NaN equals NaN; an opaque object equals nothing.
        """
        if isinstance(got, Opaque):
            return False
        if isinstance(expected, float) and isinstance(got, (int, float)):
            return self._float_matches(got, expected)
        if isinstance(expected, (list, tuple)):
            return self._sequence_matches(got, expected)
        if isinstance(expected, Mapping):
            return (
                isinstance(got, Mapping)
                and len(got) == len(expected)
                and all(key in got and self.values_match(got[key], value) for key, value in expected.items())
            )
        if isinstance(expected, (set, frozenset)):
            return isinstance(got, (set, frozenset)) and got == expected
        return equal(got, expected)

    def _float_matches(self, got: float, expected: float) -> bool:
        try:
            number = float(got)
        except OverflowError:  # an integer beyond every float
            return False
        return self._close(number, expected) or (math.isnan(number) and math.isnan(expected))

    def _sequence_matches(self, got: Any, expected: list[Any] | tuple[Any, ...]) -> bool:
        kinds = (list, tuple) if self.tuples_are_lists else (type(expected),)
        return isinstance(got, kinds) and len(got) == len(expected) and all(map(self.values_match, got, expected))


def equal(got: Any, expected: Any) -> bool:
    """Python's own equality between plain data; a comparison that raises is unequal."""
    try:
        return bool(got == expected)
    except (ArithmeticError, RecursionError, TypeError, ValueError):  # a signalling NaN among decimals
        return False


def _lines(text: str) -> list[list[str]]:
    """The tokens of each line, without blank lines at both ends; inner blank lines matter."""
    return [line.split() for line in text.replace("\r", "").strip().split("\n")]
