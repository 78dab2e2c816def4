"""Which kinds of tests there are for which language, and what runs each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ..asserts import run_asserts
from ..calls import run_calls
from ..outside.session import Session
from ..outside.waiting import Run
from ..results import TestResult
from ..stdio import run_stdio
from ..suite import AssertTest, CallTest, CheckerProgram, SourceTest, SqlTest, StdioTest, Suite, Test
from . import sql, stdio
from .functions import run_functions

Runner: TypeAlias = Callable[[Session, Any], Run[list[TestResult]]]

RUNNERS: dict[str, tuple[tuple[type, Runner], ...]] = {
    "python": ((StdioTest, run_stdio), (CallTest, run_calls), (AssertTest, run_asserts)),
    "cpp": ((StdioTest, stdio.run_stdio), (SourceTest, run_functions)),
    "javascript": ((StdioTest, stdio.run_stdio), (SourceTest, run_functions)),
    "bash": ((StdioTest, stdio.run_stdio),),
    "sql": ((SqlTest, sql.run_sql),),
}


def runners(language: str) -> tuple[tuple[type, Runner], ...]:
    """Each kind of test that a language has, and what runs it."""
    return RUNNERS[language]


def fitting(suite: Suite, languages: Iterable[str]) -> tuple[str, ...]:
    """Those of the languages in which a program can be put to every test of a suite."""
    return tuple(language for language in languages if all(_fits(test, language) for test in suite.tests))


def _fits(test: Test, language: str) -> bool:
    if isinstance(test, StdioTest) and isinstance(test.checker, CheckerProgram) and language != "python":
        return False  # the checker is Python, which the box of another language does not have
    return any(isinstance(test, kind) for kind, _run in runners(language))
