"""From a claim to a result: the only place where an answer meets what was expected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .box.values import Opaque
from .comparison import Compare, equal
from .results import TestResult, shown
from .suite import CallTest, StdioTest

logger = logging.getLogger("jurybox")


def checked(test: StdioTest, output: bytes, compare: Compare, result: TestResult) -> TestResult:
    """Standard output against what the test accepts."""
    got = shown(output[:4096].decode(errors="replace"))
    if callable(test.checker):
        return _by_checker(lambda checker: checker(test.stdin, output.decode()), test.checker, result, got)
    passed = any(compare.outputs_match(output, expected) for expected in test.accepted)
    return _outcome(result, float(passed), got)


def checked_value(test: CallTest, value: Any, compare: Compare, result: TestResult) -> TestResult:
    """A returned value against what the test accepts."""
    got = shown_value(value)
    if test.checker is not None:
        return _by_checker(lambda checker: checker(test.args, test.kwargs, value), test.checker, result, got)
    matches = equal if test.exact else compare.values_match
    return _outcome(result, float(any(matches(value, expected) for expected in test.accepted)), got)


def _by_checker(ask: Callable[[Any], Any], checker: Any, result: TestResult, got: str) -> TestResult:
    """What a user's checker says. One that raises has not accepted the answer; one that returns no number in [0, 1]
    is a mistake of its author, which no program shall pay for or gain by: `checker_error`."""
    try:
        answer = ask(checker)
        score = float(answer)
    except Exception as error:  # it must be safe on any text, and often is not
        logger.warning("a checker raised %s: %s", type(error).__name__, str(error)[:200])
        return replace(result, label="wrong_answer", detail=f"the checker raised {type(error).__name__}", got=got)
    if not 0.0 <= score <= 1.0:
        detail = f"a checker returns a bool or a number in [0, 1], not {score!r}"
        logger.warning("%s", detail)
        return replace(result, label="checker_error", detail=detail, got=got)
    return _outcome(result, score, got)


def _outcome(result: TestResult, score: float, got: str) -> TestResult:
    return replace(result, label="passed" if score >= 1.0 else "wrong_answer", score=score, got=got)


def shown_value(value: Any) -> str:
    """A value as evidence shows it; its repr is bounded before it is made."""
    if isinstance(value, (list, tuple, set, frozenset, dict)) and len(value) > 50:
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, (str, bytes)):
        value = value[:1000]
    try:
        return shown(repr(value)) if not isinstance(value, Opaque) else repr(value)
    except (ValueError, RecursionError):  # a long integer inside a list
        return f"<{type(value).__name__}>"
