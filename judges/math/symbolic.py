"""The last resort, run in a worker process that may be killed: mpmath for series and limits, then sympy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from .values.expr import Expr, Undecidable, has, symbols, walk

PRELOAD = ("sympy", "math_verify", "latex2sympy2_extended", f"{__package__}.warm")
DIGITS = 30
AGREEING = 1e-16  # relative; accelerated series are good for more


def timed(gold: str, answer: str, trees: tuple[Expr | None, Expr | None], decimals: int | None) -> tuple[bool, float]:
    """`equivalent`, and the seconds it took here."""
    start = perf_counter()
    return equivalent(gold, answer, trees, decimals), perf_counter() - start


def equivalent(gold: str, answer: str, trees: tuple[Expr | None, Expr | None], decimals: int | None) -> bool:
    """Whether the two are equal; no timeout of its own, the pool has one.

    Args:
        gold, answer: cleaned LaTeX.
        trees: the same parsed, where they could be.
        decimals: places to which math-verify rounds.
    """
    if trees[0] is not None and trees[1] is not None and _agree_numerically(trees[0], trees[1]):
        return True
    return _sympy_agrees(gold, answer, decimals)


def _sympy_agrees(gold: str, answer: str, decimals: int | None) -> bool:
    from math_verify import LatexExtractionConfig, parse, verify

    for module in ("parser", "grader", "utils"):  # they warn that nobody limits their time; the pool does
        logging.getLogger(f"math_verify.{module}").setLevel(logging.ERROR)
    config = [LatexExtractionConfig()]
    parsed = [
        parse(f"${text}$", extraction_config=config, parsing_timeout=None, raise_on_error=True)
        for text in (gold, answer)
    ]
    if not all(parsed):
        return False
    rounding = 12 if decimals is None else decimals
    return bool(verify(*parsed, float_rounding=rounding, timeout_seconds=None, raise_on_error=True))


# Constants with infinite sums, products, integrals and limits.


def _agree_numerically(gold: Expr, answer: Expr) -> bool:
    """Only for constants with a series or limit in them; False means no more than that sympy must look."""
    import mpmath

    big = [node for tree in (gold, answer) for node in walk(tree) if node.op in _BIG]
    if not big or any(has(node.args[0], *_BIG) for node in big):  # nested ones are slow in numbers, easy in symbols
        return False
    try:
        with mpmath.workdps(DIGITS):
            left, right = _value(gold, {}), _value(answer, {})
            return bool(abs(left - right) <= AGREEING * max(abs(left), abs(right), mpmath.mpf(1)))
    except (ArithmeticError, ValueError, TypeError, mpmath.libmp.NoConvergence):
        return False


def _value(expr: Expr, at: Mapping[str, Any]) -> Any:
    import mpmath

    if expr.op in _BIG:
        return _big_value(expr, at)
    if expr.op == "symbol":
        return at[expr.value] if expr.value in at else _fail(expr.value)
    if expr.op == "number":
        return mpmath.mpf(expr.value.numerator) / expr.value.denominator
    if expr.op == "decimal":
        return mpmath.mpf(expr.value[0].numerator) / expr.value[0].denominator
    if expr.op == "constant":
        return {"pi": mpmath.pi, "e": mpmath.e, "i": mpmath.j, "infinity": mpmath.inf}.get(expr.value) or _fail("")
    rule = _OPERATIONS.get(expr.op)
    args = [_value(arg, at) for arg in expr.args]
    if rule is not None:
        return rule(*args)
    name = {"gamma": "gamma", "abs": "fabs", "ceil": "ceil"}.get(expr.value, expr.value)
    function = getattr(mpmath, name, None) if expr.op == "call" else None
    return function(*args) if function is not None else _fail(expr.op)


def _fail(what: str) -> Any:
    raise Undecidable(what)


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "add": lambda *args: sum(args),
    "mul": lambda first, *rest: first if not rest else first * _OPERATIONS["mul"](*rest),
    "div": lambda top, bottom: top / bottom,
    "pow": lambda base, exponent: base**exponent,
    "neg": lambda arg: -arg,
}


def _big_value(expr: Expr, at: Mapping[str, Any]) -> Any:
    import mpmath

    body, variable = expr.args[:2]

    def function(x: Any) -> Any:
        return _value(body, {**at, variable.value: x})

    bounds = [_value(arg, at) for arg in expr.args[2:]]
    if expr.op == "limit":
        return mpmath.limit(function, bounds[0])
    if len(bounds) != 2 or symbols(expr) - symbols(body) - {variable.value}:
        return _fail("an antiderivative")
    return {"sum": mpmath.nsum, "product": mpmath.nprod, "integral": mpmath.quad}[expr.op](function, bounds)


_BIG = ("sum", "product", "integral", "limit")
