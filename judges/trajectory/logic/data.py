"""Formulas as JSON: `{"op": "F", "a": 0, "b": 5, "arg": {"op": "pred", "var": "x", "cmp": ">", "c": 0}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formula import Always, And, Eventually, Formula, Implies, Not, Or, Predicate, Truth, Until

MAX_DEPTH = 100  # of one formula inside another
OPS = ("true", "pred", "not", "and", "or", "implies", "F", "G", "U")


def from_data(data: Any, depth: int = MAX_DEPTH) -> Formula:
    """The formula that this mapping writes.

    Raises:
        ValueError: it writes none, or is nested deeper than 100; the message says what is wrong.
    """
    if depth == 0:
        raise ValueError(f"a formula is nested at most {MAX_DEPTH} deep")
    if not isinstance(data, Mapping) or data.get("op") not in OPS:
        raise ValueError(f"a formula is a mapping whose 'op' is one of {', '.join(OPS)}, not {data!r:.80}")
    op = data["op"]
    if op == "true":
        return Truth()
    if op == "pred":
        return Predicate(_member(data, "var"), _member(data, "cmp"), _member(data, "c"))
    if op == "not":
        return Not(from_data(_member(data, "arg"), depth - 1))
    if op in ("F", "G"):
        kind = Eventually if op == "F" else Always
        return kind(data.get("a", 0), data.get("b"), from_data(_member(data, "arg"), depth - 1))
    args = _args(data, depth)
    if op == "and":
        return And(args)
    if op == "or":
        return Or(args)
    if len(args) != 2:
        raise ValueError(f"{op!r} has two args, a left and a right side, not {len(args)}")
    return Implies(*args) if op == "implies" else Until(data.get("a", 0), data.get("b"), *args)


def _member(data: Mapping[str, Any], name: str) -> Any:
    if name not in data:
        raise ValueError(f"{data['op']!r} needs {name!r}: {dict(data)!r:.80}")
    return data[name]


def _args(data: Mapping[str, Any], depth: int) -> tuple[Formula, ...]:
    args = _member(data, "args")
    if not isinstance(args, (list, tuple)):
        raise ValueError(f"the args of {data['op']!r} are a list of formulas, not {args!r:.80}")
    return tuple(from_data(arg, depth - 1) for arg in args)


def to_data(formula: Formula) -> dict[str, Any]:
    """The formula as a mapping that `json.dumps` accepts and `from_data` reads."""
    match formula:
        case Predicate(var, cmp, c):
            return {"op": "pred", "var": var, "cmp": cmp, "c": c}
        case Not(arg):
            return {"op": "not", "arg": to_data(arg)}
        case And(args):
            return {"op": "and", "args": [to_data(arg) for arg in args]}
        case Or(args):
            return {"op": "or", "args": [to_data(arg) for arg in args]}
        case Implies(left, right):
            return {"op": "implies", "args": [to_data(left), to_data(right)]}
        case Eventually(a, b, arg):
            return {"op": "F", "a": a, "b": b, "arg": to_data(arg)}
        case Always(a, b, arg):
            return {"op": "G", "a": a, "b": b, "arg": to_data(arg)}
        case Until(a, b, left, right):
            return {"op": "U", "a": a, "b": b, "args": [to_data(left), to_data(right)]}
        case _:
            return {"op": "true"}
