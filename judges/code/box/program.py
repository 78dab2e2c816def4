"""Running a program as a plain interpreter would: a fresh `__main__`, real streams, threads joined, exit functions."""

from __future__ import annotations

import _sitebuiltins
import atexit
import builtins
import contextlib
import io
import os
import random
import sys
import threading
import traceback
from types import CodeType, ModuleType
from typing import Any, NamedTuple

FILE_NAME = "<program>"
RECURSION_LIMIT = 1000
TRACEBACK_LINES = 12


class Ending(NamedTuple):
    """How a program ended, as it claims: a label of the verdicts, and what it raised."""

    label: str  # "" for a normal end
    detail: str = ""


class CompileError(Exception):
    """The source is no program."""


def compile_program(source: str) -> CodeType:
    """Compile; whatever the compiler says about a hostile source is a `CompileError`."""
    try:
        return compile(source, FILE_NAME, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise CompileError(f"{type(error).__name__}: {error}"[:300]) from None


def fresh_main(name: str = "__main__") -> dict[str, Any]:
    """A new, empty module in the place of `__main__`; returns its namespace."""
    main = ModuleType(name)
    main.__dict__.update(__builtins__=__builtins__, __file__="/program.py")
    sys.modules["__main__"] = sys.modules[name] = main
    return main.__dict__


def open_streams(errors: io.TextIOWrapper | None = None) -> None:
    """Text streams over the descriptors 0, 1 and 2, with `.buffer`, as an interpreter opens them."""
    reading = io.BufferedReader(io.FileIO(0, "r", closefd=False))
    writing = io.BufferedWriter(io.FileIO(1, "w", closefd=False))
    sys.stdin = io.TextIOWrapper(reading, "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(writing, "utf-8", "surrogateescape", "\n")
    sys.stderr = errors or open_errors()
    sys.stdin.mode, sys.stdout.mode, sys.stderr.mode = "r", "w", "w"  # type: ignore[misc]  # as `python FILE` has them
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def open_errors() -> io.TextIOWrapper:
    """A text stream over descriptor 2; one serves all runs of a child."""
    telling = io.BufferedWriter(io.FileIO(2, "w", closefd=False))
    return io.TextIOWrapper(telling, "utf-8", "backslashreplace", "\n", line_buffering=True)


def reset(seed: int) -> None:
    """The interpreter's state that programs change most, as at the start."""
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "end of file"))
    sys.argv = ["program.py"]
    sys.setrecursionlimit(RECURSION_LIMIT)
    random.seed(seed)
    os.environ.pop("COLUMNS", None)


def execute(code: CodeType, namespace: dict[str, Any]) -> Ending:
    """Run the module body, then what an interpreter does at its end."""
    ending = _guarded(lambda: exec(code, namespace))
    finished = _guarded(_finish)
    return ending if ending.label else finished


def load(code: CodeType, namespace: dict[str, Any]) -> Ending:
    """Run the module body of a program whose functions will be called afterwards; leaving early is a failure."""
    return _guarded(lambda: exec(code, namespace), may_exit=False)


def _finish() -> None:
    """Wait for threads, run exit functions, flush the streams, the replaced and the original."""
    current = threading.current_thread()
    while waiting := [t for t in threading.enumerate() if t is not current and not t.daemon]:
        waiting[0].join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


def _guarded(action: Any, may_exit: bool = True) -> Ending:
    try:
        action()
    except SystemExit as error:
        return _exited(error.code, may_exit)
    except BaseException as error:
        return failure(error)
    return Ending("")


def _exited(code: object, may_exit: bool) -> Ending:
    if not may_exit:
        return Ending("runtime_error", f"SystemExit({str(code)[:100]}) before its functions could be called")
    if code is None or (isinstance(code, int) and code == 0):
        return Ending("")
    if not isinstance(code, int):
        _tell(f"{code}\n")
    return Ending("runtime_error", f"exit status {code if isinstance(code, int) else 1}")


def failure(error: BaseException) -> Ending:
    """The label and a short text of an exception; its traceback goes to standard error."""
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-TRACEBACK_LINES)
        _tell("".join(lines)[-4000:])
        detail = traceback.format_exception_only(type(error), error)[-1].strip()[:300]
    except BaseException:  # a hostile __str__
        detail = "an exception that cannot be shown"
    return Ending("memory_limit" if isinstance(error, MemoryError) else "runtime_error", detail)


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):  # the error file is full
        os.write(2, text.encode("utf-8", "backslashreplace"))
