"""Judging a built program by standard input and output: a process of its own, and a clean folder, for each test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..checking import checked
from ..outside.session import Session
from ..outside.waiting import Run
from ..results import TestResult, shown
from ..suite import StdioTest
from .build import Build, Ended
from .one_by_one import one_by_one
from .recipes import recipe

FILES = {"cpp": "program.cpp", "javascript": "program.js", "bash": "program.sh"}


def run_stdio(session: Session, tests: Sequence[StdioTest]) -> Run[list[TestResult]]:
    """The results of tests in order."""
    toolchain = session.toolchain
    assert toolchain is not None
    name = FILES[toolchain.language]
    if toolchain.language == "javascript" and is_module(session.code):
        name = "program.mjs"
    build = yield from Build.of(session, recipe(toolchain, {name: session.code}, session.rules.limits))
    if isinstance(build, TestResult):
        return [build] * len(tests)
    results = yield from one_by_one(session, tests, lambda test: _judged(build, test))
    yield from build.close()
    return results


def _judged(build: Build, test: StdioTest) -> Run[TestResult]:
    ended = yield from build.end(build.start(test.stdin))
    result = _of_scripts(ended, build.session)
    if result.label != "ended":
        return replace(result, got=shown(ended.output[:4096].decode(errors="replace")))
    return checked(test, ended.output, build.session.rules.compare, result)


def _of_scripts(ended: Ended, session: Session) -> TestResult:
    """In Bash the exit status is that of whatever command came last, such as a test that was false: no failure."""
    assert session.toolchain is not None
    if session.toolchain.language == "bash" and ended.status > 0 and ended.result.label == "runtime_error":
        return replace(ended.result, label="ended", detail="")
    return ended.result


def is_module(source: str) -> bool:
    """Whether JavaScript is written as a module: a line imports or exports.

    >>> is_module("import fs from 'fs'\\nfs"), is_module("const x = import('fs')")
    (True, False)
    """
    starts = ("import ", "import{", 'import"', "import'", "export ", "export{")
    return any(line.startswith(starts) for line in source.splitlines())
