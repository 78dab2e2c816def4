"""Whether two answers describe the same set of real numbers, as intervals, inequalities or set builders."""

from __future__ import annotations

from ..values.expr import Expr, has, symbols
from ..values.sets import RealSet, describes_set, is_inequality, real_set, subject
from .scalars import UNDECIDED, Finding, Settings, same_value


def same_sets(gold: Expr, answer: Expr, settings: Settings) -> Finding | None:
    """The finding on two sets of real numbers; None when they are not both that."""
    gold, answer = (_bare_set(expr) for expr in (gold, answer))
    if not (describes_set(gold) or describes_set(answer)):
        return None
    left, right = real_set(gold), real_set(answer)
    if left is None or right is None:
        return None if left is right is None or has(gold, "relation") else _not_a_set(gold, answer)
    if settings.relations == "gold" and _is_bound(answer) and not _is_bound(gold):
        return Finding(False, "a relation for a set")
    if is_inequality(gold) and is_inequality(answer) and _subjects_differ(gold, answer):
        return Finding(False, "different variables")
    return _same_real_set(left, right, settings)


def _is_bound(expr: Expr) -> bool:
    return is_inequality(expr) and "in" not in expr.value


def _bare_set(expr: Expr) -> Expr:
    """`D = (0, 1)` as the interval."""
    if expr.op == "relation" and expr.value == ("=",) and describes_set(expr.args[1]):
        return expr.args[1]
    return expr


def _not_a_set(gold: Expr, answer: Expr) -> Finding | None:
    one_value = all(expr.op not in ("set", "tuple", "list", "union", "relation") for expr in (gold, answer))
    return Finding(False, "different kinds") if one_value else None


def _subjects_differ(gold: Expr, answer: Expr) -> bool:
    left, right = subject(gold), subject(answer)
    return left is not None and right is not None and symbols(left) != symbols(right)


def _same_real_set(left: RealSet, right: RealSet, settings: Settings) -> Finding:
    if len(left) != len(right):
        return Finding(False, "different intervals")
    undecided = False
    for mine, other in zip(left, right, strict=True):
        for end, other_end in zip(mine, other, strict=True):
            if end.closed != other_end.closed:
                return Finding(False, "different intervals")
            finding = same_value(end.written, other_end.written, settings)
            if finding.equal is False:
                return Finding(False, "different intervals")
            undecided |= finding.equal is None
    return UNDECIDED if undecided else Finding(True, "same intervals")
