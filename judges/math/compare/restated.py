"""Whether an answer restates the question: arithmetic that was asked for, copied and not carried out."""

from __future__ import annotations

from ..read.normal import clean, normal_form
from ..values.expr import Expr, has, symbols, walk
from .decide import Reading

_LOST = (" ", "*", r"\cdot", r"\times")
_EVALUATED_CALLS = ("sqrt", "root", "ln", "log", "exp", "sin", "cos", "tan")  # stay where they do not come out


def is_unevaluated(expr: Expr) -> bool:
    """Whether arithmetic is left to do: 37 + 48, 6 * 7, a binomial; not 1/2, 2^10, a root, 1 + sqrt 2, 3 pi."""
    if expr.op in ("relation", "list", "set", "tuple", "matrix", "neg", "quantity", "percent"):
        return any(map(is_unevaluated, expr.args[-1:] if expr.op == "relation" else expr.args))
    if has(expr, "sum", "product", "integral", "limit", "derivative", "congruence"):
        return True
    if symbols(expr):
        return False
    for node in walk(expr):
        if node.op == "call" and node.value not in _EVALUATED_CALLS:
            return True
        if node.op in ("add", "mul") and sum(map(_is_plain, node.args)) > 1 and not _is_scientific(node):
            return True
    return False


def _is_plain(expr: Expr) -> bool:
    """A number as it is written: 5, -5, 0.5, 1/2."""
    if expr.op in ("neg", "div"):
        return all(map(_is_plain, expr.args))
    return expr.op in ("number", "decimal")


def _is_scientific(expr: Expr) -> bool:
    return any(arg.op == "pow" for arg in expr.args)


def is_restated(gold: Reading, answer: Reading, prompt: str) -> bool:
    """Whether a gold number is answered with unevaluated arithmetic that the prompt contains."""
    if gold.expr is None or answer.expr is None or not _is_plain(gold.expr) or not is_unevaluated(answer.expr):
        return False
    return _bare(answer.form) in _bare(normal_form(clean(prompt)))


def _bare(text: str) -> str:
    for mark in _LOST:
        text = text.replace(mark, "")
    return text
