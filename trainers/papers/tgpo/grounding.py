"""A formula as timed subgoals and invariants whose times are still to be chosen.

`F[0,4] (A & F[1,3] B) & G[0,7] C` becomes: be in A at t1, in B at t2, keep C from 0 to 7, with t1 in [0, 4] and t2 in
[t1+1, t1+3]. The largest value that the subgoals and invariants have together over all choices of times, and over the
alternatives of an `or`, is the formula's robustness, on every trace that is long enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ....judges.trajectory.logic import Always, And, Eventually, Formula, Implies, Not, Or, Until

MAX_ALTERNATIVES = 64


@dataclass(frozen=True, slots=True)
class Time:
    """A time variable plus a number of samples; without a variable the number alone."""

    var: str | None = None
    offset: int = 0

    def __add__(self, samples: int) -> Time:
        return Time(self.var, self.offset + samples)

    def at(self, times: Mapping[str, int]) -> int:
        """The time itself, once the variables are chosen."""
        return self.offset + (0 if self.var is None else times[self.var])


@dataclass(frozen=True, slots=True)
class TimeVariable:
    """A time to be chosen in [lo, hi]; both may refer to variables before it."""

    name: str
    lo: Time
    hi: Time


@dataclass(frozen=True, slots=True)
class Reach:
    """A state formula that has to hold at one time."""

    pred: Formula
    at: Time


@dataclass(frozen=True, slots=True)
class Invariant:
    """A state formula that has to hold from `start` to `end`, both included; never, if it ends before it starts."""

    pred: Formula
    start: Time
    end: Time


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to satisfy the formula."""

    variables: tuple[TimeVariable, ...] = ()
    reach: tuple[Reach, ...] = ()
    invariants: tuple[Invariant, ...] = ()

    def __and__(self, other: Alternative) -> Alternative:
        return Alternative(
            self.variables + other.variables, self.reach + other.reach, self.invariants + other.invariants
        )

    @property
    def states(self) -> list[Formula]:
        """The state formulas of subgoals and invariants, each once."""
        goals, kept = [goal.pred for goal in self.reach], [kept.pred for kept in self.invariants]
        return list(dict.fromkeys(goals + kept))

    def assignments(self) -> Iterator[dict[str, int]]:
        """All choices of times within the bounds, in lexicographic order."""
        yield from self._from({}, 0)

    def _from(self, times: dict[str, int], place: int) -> Iterator[dict[str, int]]:
        if place == len(self.variables):
            yield dict(times)
            return
        variable = self.variables[place]
        for time in range(variable.lo.at(times), variable.hi.at(times) + 1):
            yield from self._from({**times, variable.name: time}, place + 1)

    def allows(self, times: Mapping[str, int]) -> bool:
        """Whether all times are within their bounds."""
        return all(v.lo.at(times) <= times[v.name] <= v.hi.at(times) for v in self.variables)


def ground(
    formula: Formula,
    t_end: int | None = None,
    *,
    max_alternatives: int = MAX_ALTERNATIVES,
    unroll: bool = False,
) -> list[Alternative]:
    """The alternatives of a formula, one of which has to be met.

    Args:
        formula: what it asks always must be decided by one sample, and so must the left side of an until.
        t_end: the last sample, for windows without an end.
        max_alternatives: how many alternatives may come of its ors.
        unroll: whether an always over something temporal is written out, one copy a sample.

    Raises:
        ValueError: the formula has no such form: an always over something temporal, a not over an until, a window
            without an end and without `t_end`, too many alternatives. The message says which.
    """
    return _Grounding(t_end, max_alternatives, unroll).of(formula, Time())


class _Grounding:
    """Names variables t1, t2, … in the order in which the formula is read."""

    def __init__(self, t_end: int | None, max_alternatives: int, unroll: bool) -> None:
        self.t_end = t_end
        self.max_alternatives = max_alternatives
        self.unroll = unroll
        self.named = 0

    def of(self, formula: Formula, t: Time) -> list[Alternative]:
        if formula.timeless:
            return [Alternative(reach=(Reach(formula, t),))]
        match formula:
            case Not(arg):
                return self.of(self._negated(arg), t)
            case And(args):
                return self._all([self.of(arg, t) for arg in args])
            case Or(args):
                return self._few([found for arg in args for found in self.of(arg, t)])
            case Implies(left, right):
                return self.of(Or((self._negated(left), right)), t)
            case Eventually(a, b, arg):
                variable = self._variable(t, a, b)
                return [Alternative((variable,)) & found for found in self.of(arg, Time(variable.name))]
            case Always(a, b, arg):
                return self._always(a, b, arg, t)
            case Until(a, b, left, right):
                self._state(left, "the left side of an until")
                variable = self._variable(t, a, b)
                tau = Time(variable.name)
                kept = Alternative((variable,), (), (Invariant(left, t, tau + -1),))
                return [kept & found for found in self.of(right, tau)]
        raise TypeError(f"no formula: {formula!r:.80}")

    def _always(self, a: int, b: int | None, arg: Formula, t: Time) -> list[Alternative]:
        end = self._end(t, b)
        if arg.timeless:
            return [Alternative(invariants=(Invariant(arg, t + a, end),))]
        if not self.unroll:
            raise ValueError(f"an always is over what one sample decides, unlike {arg}; unroll=True writes it out")
        if end.var != t.var:
            raise ValueError(f"G over {arg} within a time still to be chosen cannot be unrolled without an end")
        return self._all([self.of(arg, t + step) for step in range(a, end.offset - t.offset + 1)])

    def _negated(self, formula: Formula) -> Formula:
        """The formula's negation, with the not moved inwards past what is temporal."""
        match formula:
            case Not(arg):
                return arg
            case _ if formula.timeless:
                return Not(formula)
            case And(args):
                return Or(tuple(map(self._negated, args)))
            case Or(args):
                return And(tuple(map(self._negated, args)))
            case Implies(left, right):
                return And((left, self._negated(right)))
            case Eventually(a, b, arg):
                return Always(a, b, self._negated(arg))
            case Always(a, b, arg):
                return Eventually(a, b, self._negated(arg))
        raise ValueError(f"the negation of an until has no subgoals: !({formula})")

    def _variable(self, t: Time, a: int, b: int | None) -> TimeVariable:
        self.named += 1
        return TimeVariable(f"t{self.named}", t + a, self._end(t, b))

    def _end(self, t: Time, b: int | None) -> Time:
        if b is not None:
            return t + b
        if self.t_end is None:
            raise ValueError("a window without an end needs t_end, the last sample")
        return Time(None, self.t_end)

    def _all(self, parts: list[list[Alternative]]) -> list[Alternative]:
        count = 1
        for part in parts:
            count *= len(part)
            self._count(count)
        found = []
        for chosen in product(*parts):
            joined = Alternative()
            for one in chosen:
                joined = joined & one
            found.append(joined)
        return found

    def _few(self, found: list[Alternative]) -> list[Alternative]:
        self._count(len(found))
        return found

    def _count(self, count: int) -> None:
        if count > self.max_alternatives:
            raise ValueError(f"the formula has more than {self.max_alternatives} alternatives")

    def _state(self, formula: Formula, what: str) -> None:
        if not formula.timeless:
            raise ValueError(f"{what} is a formula that one sample decides, unlike {formula}")
