"""Which part of a formula failed, and when: from the whole down to what cannot be taken apart any further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .logic import Always, And, Eventually, Formula, Implies, Not, Or, Until
from .logic.robustness import Leaf, UntilForm, evaluate

DEEPEST = 12  # levels that are gone down: each looks at the whole trace again


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of the formula that is not as it had to be at a sample; `wanted` is what it had to be."""

    part: Formula
    at: int
    wanted: bool

    def __str__(self) -> str:
        return str(self.part if self.wanted else Not(self.part))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Looks for the reason in truth values: above 0 is true.

    Args:
        leaf: ±1 of a predicate at every sample.
        length: of the trace.
        form: of until.
    """

    leaf: Leaf
    length: int
    form: UntilForm = "left_exclusive"

    def of(self, formula: Formula) -> Failure:
        """Why the formula does not hold at the first sample."""
        failure = Failure(formula, 0, True)
        for _ in range(DEEPEST):
            inner = self._inside(failure)
            if inner is None:
                break
            failure = inner
        return failure

    def _inside(self, failure: Failure) -> Failure | None:
        """The part that is to blame; None where all parts are together."""
        part, t, wanted = failure.part, failure.at, failure.wanted
        match part, wanted:
            case Not(arg), _:
                return Failure(arg, t, not wanted)
            case (And(args), True) | (Or(args), False):
                return next((Failure(arg, t, wanted) for arg in args if self._true(arg, t, wanted) != wanted), None)
            case Implies(_, right), True:
                return Failure(right, t, True)
            case (Always(a, b, arg), True) | (Eventually(a, b, arg), False):
                return self._first(arg, self._window(t, a, b), wanted)
            case Until(a, b, left, right), True:
                window = self._window(t, a, b)
                met = self._first(right, window, False)
                return None if met is None else self._first(left, range(t, met.at + 1), True)
        return None

    def _first(self, part: Formula, times: Iterable[int], wanted: bool) -> Failure | None:
        """The first of these times at which the part is not as wanted."""
        values = evaluate(part, self.leaf, self.length, self.form, wanted)
        return next((Failure(part, t, wanted) for t in times if (values[t] > 0) != wanted), None)

    def _true(self, part: Formula, t: int, wanted: bool) -> bool:
        return evaluate(part, self.leaf, self.length, self.form, wanted)[t] > 0

    def _window(self, t: int, a: int, b: int | None) -> range:
        return range(t + a, min(self.length - 1, self.length if b is None else t + b) + 1)
