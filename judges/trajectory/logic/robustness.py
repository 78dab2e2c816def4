"""How far a trace is from satisfying, or from violating, a formula: the quantitative semantics of STL.

    ρ(x > c) = x − c     ρ(x < c) = c − x     ρ(¬φ) = −ρ(φ)     and = min     or = max     ρ(φ → ψ) = max(−ρ(φ), ρ(ψ))
    F[a,b]: the largest of the window     G[a,b]: the smallest
    ρ(φ U[a,b] ψ, t) = max over t' in [t+a, t+b] of min(ρ(ψ, t'), min over t'' in [t, t') of ρ(φ, t''))

Windows end with the trace; an empty one gives F and U −inf, G +inf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isnan
from typing import Literal

from ...options import one_of
from .formula import Always, And, Eventually, Formula, Implies, Not, Or, Predicate, Truth, Until, horizon
from .windows import until, window_max, window_min

Signals = Mapping[str, Sequence[float]]
Leaf = Callable[[Predicate, bool], Sequence[float]]  # a predicate at every sample; False below an odd number of nots
UntilForm = Literal["left_exclusive", "inclusive"]
ShortTrace = Literal["truncate", "error"]
UNTIL: tuple[str, ...] = ("left_exclusive", "inclusive")
SHORT_TRACE: tuple[str, ...] = ("truncate", "error")


def robustness(
    formula: Formula,
    signals: Signals,
    *,
    short_trace: ShortTrace = "truncate",
    form: UntilForm = "left_exclusive",
) -> list[float] | None:
    """ρ(formula, t) at every sample t.

    >>> from .parser import parse
    >>> robustness(parse("F[1,2] (x > 0)"), {"x": [1.0, -2.0, 3.0, 0.5, -1.0]})
    [3.0, 3.0, 0.5, -1.0, -inf]

    Args:
        formula: of numeric predicates.
        signals: by name, one number a sample each.
        short_trace: "truncate" lets windows end with the trace, "error" gives None where the formula needs more.
        form: "inclusive" asks the left side of an until at t' too.

    Returns:
        None for no sample at all, a NaN in a signal, or a trace that is too short.

    Raises:
        ValueError: a signal that the formula names is missing, signals of different lengths, or an option.
    """
    one_of("short_trace", short_trace, SHORT_TRACE)
    one_of("form", form, UNTIL)
    length = samples(formula, signals)
    if length == 0 or any(isnan(value) for name in formula.names for value in signals[name]):
        return None
    if short_trace == "error" and length <= horizon(formula, None):
        return None
    return evaluate(formula, lambda predicate, _: margin(predicate, signals[predicate.var]), length, form)


def samples(formula: Formula, signals: Signals) -> int:
    """How many samples the signals have.

    Raises:
        ValueError: they have different numbers of them, or one that the formula names is missing.
    """
    missing = sorted(formula.names - signals.keys())
    if missing:
        raise ValueError(f"the formula speaks of {missing[0]!r}, but the signals are {', '.join(signals) or 'none'}")
    lengths = {name: len(values) for name, values in signals.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"signals have one value a sample each, but these are of different lengths: {lengths}")
    return next(iter(lengths.values()), 0)


def margin(predicate: Predicate, values: Sequence[float]) -> list[float]:
    """By how much each value is on the right side of the constant; below 0 on the wrong one."""
    c = predicate.c
    if isinstance(c, str):
        raise ValueError(f"a signal of numbers is not compared with a word: {predicate}")
    return [value - c for value in values] if predicate.cmp in (">", ">=") else [c - value for value in values]


def satisfied(value: float, *, strict: bool = False) -> bool:
    """Whether a robustness means yes; 0 is undecided in theory and counts as yes unless `strict`."""
    return value > 0 if strict else value >= 0


def evaluate(
    formula: Formula, leaf: Leaf, length: int, form: UntilForm = "left_exclusive", positive: bool = True
) -> list[float]:
    """The formula at every sample, from its predicates' values at every sample.

    Takes time linear in `length` for each operator, whatever the windows are.
    """

    def of(part: Formula, same: bool = True) -> list[float]:
        return evaluate(part, leaf, length, form, positive if same else not positive)

    match formula:
        case Predicate():
            return list(leaf(formula, positive))
        case Truth():
            return [inf] * length
        case Not(arg):
            return [-value for value in of(arg, same=False)]
        case And(args):
            return [min(values) for values in zip(*map(of, args), strict=True)]
        case Or(args):
            return [max(values) for values in zip(*map(of, args), strict=True)]
        case Implies(left, right):
            return [max(-one, other) for one, other in zip(of(left, same=False), of(right), strict=True)]
        case Eventually(a, b, arg):
            return window_max(of(arg), a, b)
        case Always(a, b, arg):
            return window_min(of(arg), a, b)
        case Until(a, b, left, right):
            first, second = of(left), of(right)
            if form == "inclusive":
                second = [min(pair) for pair in zip(first, second, strict=True)]
            return until(first, second, a, b)
    raise TypeError(f"no formula: {formula!r:.80}")
