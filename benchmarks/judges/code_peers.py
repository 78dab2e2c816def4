"""How programs are commonly run, written plainly, for comparison with the code judge. None of them isolates anything.

`fork_per_program` and `fork_with_mocks` follow the shape of the runners that HumanEval and LiveCodeBench published: a
manager process for the result, a fork of the caller for the program, timeouts by signal inside the fork.
`interpreter_per_test` follows the scripts that start `python` once a test.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

SECONDS = 4.0
PRELUDE = """
import sys, math, random, itertools, functools, collections, heapq, bisect, string, re, copy, operator, datetime, time
from math import *
from itertools import *
from functools import *
from collections import *
from heapq import *
from bisect import *
from typing import *
"""
Case = tuple[str, str]


def fork_per_program(program: str, asserts: Sequence[str]) -> bool:
    """The program and all its assert statements in one fork; passed when nothing was raised."""
    source = "\n".join([program, *asserts])
    return _in_fork(_run_asserts, source, seconds=SECONDS + 1) == ["passed"]


def fork_with_mocks(program: str, cases: Sequence[Case]) -> bool:
    """The program as a function in one fork, called once a test with standard input and output replaced by mocks."""
    answers = _in_fork(_run_cases, program, cases, seconds=(SECONDS + 1) * len(cases) + 5)
    return answers == [[True] * len(cases)]


def interpreter_per_test(program: str, cases: Sequence[Case]) -> bool:
    """A new interpreter for each test."""
    return all(_fresh_output(program, stdin).split() == stdout.split() for stdin, stdout in cases)


def _in_fork(work: Callable[..., None], *arguments: Any, seconds: float) -> list[Any]:
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        result = manager.list()
        process = context.Process(target=work, args=(result, *arguments))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
        return list(result)


def _run_asserts(result: Any, source: str) -> None:
    with _guard(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            with _alarm(SECONDS):
                exec(source, {})
        except BaseException as error:
            result.append(f"failed: {error}")
            return
    result.append("passed")


def _run_cases(result: Any, program: str, cases: Sequence[Case]) -> None:
    body = "\n".join(f"    {line}" for line in program.splitlines())
    names: dict[str, Any] = {}
    with _guard():
        exec(f"{PRELUDE}\ndef wrapped():\n{body}\n", names)
        result.append([_mocked(names["wrapped"], stdin).split() == stdout.split() for stdin, stdout in cases])


def _mocked(function: Callable[[], None], text: str) -> str:
    lines = iter(text.split("\n"))
    output = io.StringIO()
    with (
        mock.patch("builtins.open", mock.mock_open(read_data=text)),
        mock.patch("builtins.input", side_effect=lines),
        mock.patch("sys.stdin", io.StringIO(text)),
        mock.patch("sys.stdin.readline", side_effect=lines),
        mock.patch("sys.stdin.read", return_value=text),
        contextlib.redirect_stdout(output),
        contextlib.suppress(SystemExit),
        _alarm(SECONDS),
    ):
        function()
    return output.getvalue()


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_signal: int, _frame: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _guard() -> Iterator[None]:
    """Names set to None, which is what these runners do instead of isolating."""
    with contextlib.ExitStack() as stack:
        for module, names in ((os, ("system", "fork", "remove", "chmod", "rename")), (shutil, ("rmtree", "move"))):
            for name in names:
                stack.enter_context(mock.patch.object(module, name, None))
        yield


def _fresh_output(program: str, stdin: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=stdin, capture_output=True, text=True, timeout=SECONDS
    )
    return done.stdout if done.returncode == 0 else ""
