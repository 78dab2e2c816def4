"""`assert f(1, [2]) == 3` is a call test: arguments and answer are literals, so no second process has to run it."""

from __future__ import annotations

import ast
import builtins

from .suite import CallTest


def rewritten(source: str, setup: str, entry: str | None) -> CallTest | None:
    """The call test that says the same as an assert statement, or None when there is none.

    Only with an empty setup, which could change what a name means, and only for a function that is no builtin: such a
    one the program may or may not have redefined.

    >>> rewritten("assert double(4) == 8", "", None).args
    (4,)
    """
    if setup.strip():
        return None
    try:
        (statement,) = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    match statement:
        case ast.Assert(
            test=ast.Compare(
                left=ast.Call(func=ast.Name(id=name), args=args, keywords=keywords), ops=[ast.Eq()], comparators=[right]
            )
        ) if not hasattr(builtins, name):
            name = entry if name == "candidate" and entry else name
            return _call(name, args, keywords, right)
    return None


def _call(name: str, args: list[ast.expr], keywords: list[ast.keyword], right: ast.expr) -> CallTest | None:
    if any(keyword.arg is None for keyword in keywords):
        return None
    try:
        values = tuple(ast.literal_eval(arg) for arg in args)
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
        expected = ast.literal_eval(right)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
    return CallTest(values, named, (expected,), entry=name, exact=True)
