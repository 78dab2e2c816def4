"""Random formulas, and the definitions of robustness and truth written out sample by sample."""

from __future__ import annotations

from math import inf

from hypothesis import strategies as st

from jurybox.judges.trajectory.logic import (
    Always,
    And,
    Eventually,
    Formula,
    Implies,
    Not,
    Or,
    Predicate,
    Truth,
    Until,
)

NUMBERS = st.integers(-3, 3).map(float)
PREDICATES = st.builds(Predicate, st.sampled_from("xy"), st.sampled_from([">", ">=", "<", "<="]), NUMBERS)
WINDOWS = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)).map(
    lambda pair: (pair[0], None if pair[1] is None else pair[0] + pair[1])
)


def joined(inner: st.SearchStrategy[Formula], windows: st.SearchStrategy = WINDOWS) -> st.SearchStrategy[Formula]:
    """Formulas one operator larger."""
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(And, some),
        st.builds(Or, some),
        st.builds(Implies, inner, inner),
        st.builds(lambda w, arg: Eventually(*w, arg), windows, inner),
        st.builds(lambda w, arg: Always(*w, arg), windows, inner),
        st.builds(lambda w, left, right: Until(*w, left, right), windows, inner, inner),
    )


FORMULAS = st.recursive(PREDICATES | st.just(Truth()), joined, max_leaves=6)
TRACES = st.integers(1, 9).flatmap(
    lambda count: st.fixed_dictionaries({name: st.lists(NUMBERS, min_size=count, max_size=count) for name in "xy"})
)


def by_definition(formula: Formula, signals: dict[str, list[float]], t: int, inclusive: bool = False) -> float:
    """ρ(formula, t), as it is defined."""
    last = len(signals["x"]) - 1

    def at(part: Formula, time: int) -> float:
        return by_definition(part, signals, time, inclusive)

    def window(a: int, b: int | None) -> range:
        return range(t + a, min(last, last if b is None else t + b) + 1)

    match formula:
        case Predicate(var, cmp, c):
            value = signals[var][t]
            return value - c if cmp[0] == ">" else c - value
        case Truth():
            return inf
        case Not(arg):
            return -at(arg, t)
        case And(args):
            return min(at(arg, t) for arg in args)
        case Or(args):
            return max(at(arg, t) for arg in args)
        case Implies(left, right):
            return max(-at(left, t), at(right, t))
        case Eventually(a, b, arg):
            return max((at(arg, time) for time in window(a, b)), default=-inf)
        case Always(a, b, arg):
            return min((at(arg, time) for time in window(a, b)), default=inf)
        case Until(a, b, left, right):
            ends = window(a, b)
            held = [min((at(left, s) for s in range(t, end + inclusive)), default=inf) for end in ends]
            return max((min(at(right, end), kept) for end, kept in zip(ends, held, strict=True)), default=-inf)
    raise TypeError(formula)


def holds(formula: Formula, signals: dict[str, list[float]], t: int) -> bool:
    """Whether the formula is true at t, in two values only."""
    last = len(signals["x"]) - 1

    def window(a: int, b: int | None) -> range:
        return range(t + a, min(last, last if b is None else t + b) + 1)

    match formula:
        case Predicate(var, cmp, c):
            value = signals[var][t]
            return {">": value > c, ">=": value >= c, "<": value < c, "<=": value <= c}[cmp]
        case Truth():
            return True
        case Not(arg):
            return not holds(arg, signals, t)
        case And(args):
            return all(holds(arg, signals, t) for arg in args)
        case Or(args):
            return any(holds(arg, signals, t) for arg in args)
        case Implies(left, right):
            return not holds(left, signals, t) or holds(right, signals, t)
        case Eventually(a, b, arg):
            return any(holds(arg, signals, time) for time in window(a, b))
        case Always(a, b, arg):
            return all(holds(arg, signals, time) for time in window(a, b))
        case Until(a, b, left, right):
            return any(
                holds(right, signals, end) and all(holds(left, signals, s) for s in range(t, end))
                for end in window(a, b)
            )
    raise TypeError(formula)
