"""Formulas of Signal Temporal Logic as data: predicates on a trace's signals, joined by logic and by time.

    φ ::= true | x ≥ c | ¬φ | φ ∧ φ | φ ∨ φ | φ → φ | F[a,b] φ | G[a,b] φ | φ U[a,b] φ

Times are whole numbers of samples, windows are closed: F[1,2] φ at t looks at t+1 and t+2. An absent b is None, and
reaches to the end of the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ...options import finite, one_of

NUMERIC = (">", ">=", "<", "<=")
WORDED = ("==", "!=")
RESERVED = {"F", "G", "U", "eventually", "always", "until", "not", "and", "or", "implies", "true", "false"}
NAME = re.compile(r"[A-Za-z_]\w*(?:[.-]\w+)*")


class Formula:
    """A formula; `parse` reads one, `str` writes it so that `parse` reads it again."""

    __slots__ = ()

    @property
    def parts(self) -> tuple[Formula, ...]:
        """The formulas directly inside this one."""
        return ()

    def walk(self) -> Iterator[Formula]:
        """This formula and all inside it, outermost first."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def timeless(self) -> bool:
        """Whether one sample decides it: there is no temporal operator inside."""
        return not any(isinstance(part, (Eventually, Always, Until)) for part in self.walk())

    @property
    def names(self) -> set[str]:
        """The signals it speaks of."""
        return {part.var for part in self.walk() if isinstance(part, Predicate)}


@dataclass(frozen=True, slots=True)
class Truth(Formula):
    """What always holds."""

    def __str__(self) -> str:
        return "true"


@dataclass(frozen=True, slots=True)
class Predicate(Formula):
    """A signal compared with a constant: a number with `>`, `>=`, `<`, `<=`; a word with `==`, `!=`.

    `Predicate("search", ">", 0)` is how an event is written: it happens at a sample, or does not.
    """

    var: str
    cmp: str
    c: float | str

    def __post_init__(self) -> None:
        if not isinstance(self.var, str) or not self.var:
            raise ValueError(f"a predicate's var is the name of a signal, not {self.var!r:.60}")
        if isinstance(self.c, str):
            one_of("the cmp of a word", self.cmp, WORDED)
        else:
            one_of("cmp", self.cmp, NUMERIC)
            finite(self.c, "a predicate's constant")

    @property
    def event(self) -> bool:
        """Whether it asks that an event happens."""
        return self.cmp == ">" and self.c == 0

    def __str__(self) -> str:
        name = self.var if NAME.fullmatch(self.var) and self.var not in RESERVED else quoted(self.var)
        if self.event:
            return name
        return f"{name} {self.cmp} {quoted(self.c) if isinstance(self.c, str) else repr(self.c).removesuffix('.0')}"


@dataclass(frozen=True, slots=True)
class Not(Formula):
    """What holds where the argument does not."""

    arg: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.arg,)

    def __str__(self) -> str:
        return f"!{_inside(self.arg)}"


@dataclass(frozen=True, slots=True)
class And(Formula):
    """What holds where all arguments do."""

    args: tuple[Formula, ...]

    def __post_init__(self) -> None:
        _filled("and", self.args)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    def __str__(self) -> str:
        return " & ".join(map(_inside, self.args))


@dataclass(frozen=True, slots=True)
class Or(Formula):
    """What holds where one of the arguments does."""

    args: tuple[Formula, ...]

    def __post_init__(self) -> None:
        _filled("or", self.args)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    def __str__(self) -> str:
        return " | ".join(map(_inside, self.args))


@dataclass(frozen=True, slots=True)
class Implies(Formula):
    """What holds where the left side does not, or the right side does."""

    left: Formula
    right: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.left, self.right

    def __str__(self) -> str:
        return f"{_inside(self.left)} -> {_inside(self.right)}"


@dataclass(frozen=True, slots=True)
class Eventually(Formula):
    """What holds at t when the argument does at some sample of [t+a, t+b]."""

    a: int
    b: int | None
    arg: Formula

    def __post_init__(self) -> None:
        _window(self.a, self.b)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.arg,)

    def __str__(self) -> str:
        return f"F{_written(self.a, self.b)} {_inside(self.arg)}"


@dataclass(frozen=True, slots=True)
class Always(Formula):
    """What holds at t when the argument does at every sample of [t+a, t+b]."""

    a: int
    b: int | None
    arg: Formula

    def __post_init__(self) -> None:
        _window(self.a, self.b)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.arg,)

    def __str__(self) -> str:
        return f"G{_written(self.a, self.b)} {_inside(self.arg)}"


@dataclass(frozen=True, slots=True)
class Until(Formula):
    """What holds at t when `right` does at some t' of [t+a, t+b], and `left` from t on until just before t'."""

    a: int
    b: int | None
    left: Formula
    right: Formula

    def __post_init__(self) -> None:
        _window(self.a, self.b)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.left, self.right

    def __str__(self) -> str:
        return f"{_inside(self.left)} U{_written(self.a, self.b)} {_inside(self.right)}"


def horizon(formula: Formula, unbounded: float | None = inf) -> float:
    """How many samples after t decide the formula at t.

    unbounded: what stands for an absent b; with None it is the window's a, because a window that reaches to the end of
    the trace needs one sample only. A trace is long enough when it has more samples than that.
    """
    match formula:
        case Eventually(a, b, arg) | Always(a, b, arg):
            return _reach(a, b, unbounded) + horizon(arg, unbounded)
        case Until(a, b, left, right):
            end = _reach(a, b, unbounded)
            behind = end + horizon(right, unbounded)
            return max(end - 1 + horizon(left, unbounded), behind) if end > 0 else behind
        case _:
            return max((horizon(part, unbounded) for part in formula.parts), default=0)


def _reach(a: int, b: int | None, unbounded: float | None) -> float:
    if b is not None:
        return b
    return a if unbounded is None else unbounded


def _window(a: int, b: int | None) -> None:
    for bound in (a, b):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
            raise ValueError(f"a window's bounds are whole numbers from 0 on, not {bound!r:.60}")
    if a is None or (b is not None and b < a):
        raise ValueError(f"a window [a, b] begins before it ends, unlike [{a}, {b}]")


def _filled(op: str, args: tuple[Formula, ...]) -> None:
    if not args:
        raise ValueError(f"{op!r} joins one formula at least")


def _written(a: int, b: int | None) -> str:
    if b is None:
        return f"[{a},]" if a else ""
    return f"[{a},{b}]"


def _inside(formula: Formula) -> str:
    bare = isinstance(formula, (Truth, Not)) or (isinstance(formula, Predicate) and formula.event)
    return str(formula) if bare else f"({formula})"


def quoted(word: str) -> str:
    """A word between quotes, as `parse` reads it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
