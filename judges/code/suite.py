"""Tests of one program, in the one form that the rest of the judge knows; `layouts.py` reads every other form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from .tested import names_tested

Checker: TypeAlias = Callable[..., "bool | float"]


@dataclass(frozen=True)
class CheckerProgram:
    """A checker that comes with the data, run in the box: `checker.py input.txt correct_output.txt output.txt` prints
    what the output is worth, a number in [0, 1]."""

    source: str


@dataclass(frozen=True)
class StdioTest:
    """Text in, text out. A checker (stdin, output) -> bool | float replaces the accepted outputs."""

    stdin: str
    accepted: tuple[str, ...] = ()
    checker: Checker | CheckerProgram | None = None


@dataclass(frozen=True)
class CallTest:
    """Arguments in, value out. A checker (args, kwargs, value) -> bool | float replaces the accepted values.

    `entry` overrides the suite's; `exact` asks for Python's own equality, as an assert statement does.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    accepted: tuple[Any, ...] = ()
    checker: Checker | None = None
    entry: str | None = None
    exact: bool = False


@dataclass(frozen=True)
class AssertTest:
    """Trusted test source that passes when it ends normally; `setup` runs before it."""

    source: str
    setup: str = ""


@dataclass(frozen=True)
class SqlTest:
    """A database, and the rows that a program shall return; or a reference whose rows it shall.

    `check` is a query that is asked when the program is done: then its rows count. `ordered` says whether the order of
    rows does; None to do as the reference does, and not to without one.
    """

    setup: str = ""
    rows: tuple[tuple[Any, ...], ...] | None = None
    reference: str = ""
    check: str = ""
    ordered: bool | None = None


@dataclass(frozen=True)
class SourceTest:
    """A trusted test program in the language of the completion, which calls the suite's entry and ends normally."""

    source: str


Test: TypeAlias = StdioTest | CallTest | AssertTest | SqlTest | SourceTest


@dataclass(frozen=True)
class Suite:
    """All tests of one program.

    Attributes:
        tests: at least one.
        entry: what is called or tested: "f" or "Solution.f".
        prefix: source that stands before the program, such as the prompt of a completion task.
        starter: whether the official runner of the layout gives programs the usual imports.
        limits, compare: changes to the judge's own options.
        languages: those in which a program can be put to these tests, the likeliest first.
    """

    tests: tuple[Test, ...]
    entry: str | None = None
    prefix: str = ""
    starter: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)
    compare: Mapping[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ("python",)

    @cached_property
    def subjects(self) -> frozenset[str]:
        """The names that a program has to define for these tests, as far as they say."""
        names = {self.entry} | {test.entry for test in self.tests if isinstance(test, CallTest)}
        if not self.entry:
            names |= {name for test in self.tests if isinstance(test, AssertTest) for name in names_tested(test.source)}
        return frozenset(name.partition(".")[0] for name in names if name)

    def __post_init__(self) -> None:
        if not self.tests:
            raise ValueError("a program without tests cannot be judged: give at least one test")
        for test in self.tests:
            if isinstance(test, CallTest) and not (test.entry or self.entry):
                raise ValueError("call tests need the name of what to call: give entry='f' or entry='Solution.f'")
