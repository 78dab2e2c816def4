"""What a program may do with an object that a test handed to it, beside the plain data that it is simply given.

The object stays with the test, the program holds a `Guest` and asks. It must not find its way from there to the test's
names: no attribute that begins with an underscore, none of functions, generators, frames and modules, and no method of
an object can be replaced by the program's.
"""

from __future__ import annotations

import io
import operator
import types
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from .peer import Peer

SHUT = (
    types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, unittest.TestCase, unittest.TestResult,
    unittest.TestLoader, Peer,
)  # fmt: skip
CALLED_ONLY = (
    types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.GeneratorType, types.CoroutineType,
    types.AsyncGeneratorType, type,
)  # fmt: skip
OPEN_LIBRARY = (io.IOBase, mock.NonCallableMock)  # objects of the library whose attributes are their business
TEST_MODULE = "__test__"
TOLD = ("__name__", "__qualname__", "__doc__")  # of functions and classes, as text


def may_lend(value: Any) -> bool:
    """Whether a program may hold this object."""
    return not isinstance(value, SHUT)


def perform(peer: Peer, operation: str, number: int, args: Any, kwargs: Any, rows: list[Any]) -> list[Any]:
    """Do with an object of the test what the program asks for."""
    nodes = peer.new_nodes()
    nodes.take(rows)
    target = peer.own(number)
    values, named = peer.decode(args, nodes), peer.decode(kwargs, nodes)
    if not may_lend(target) or operation not in OPERATIONS:
        raise TypeError(f"a {type(target).__name__} of the test cannot be asked for {operation!r:.40}")
    result = peer.encode(OPERATIONS[operation](target, *values, **named), nodes)
    return [result, nodes.rows()]


def _getattr(target: Any, name: Any) -> Any:
    if name in TOLD and isinstance(target, (types.FunctionType, type)):
        return str(getattr(target, name) or "")
    return getattr(target, _open(target, name))


def _setattr(target: Any, name: Any, value: Any) -> None:
    if callable(getattr(type(target), _open(target, name), None)) or isinstance(target, OPEN_LIBRARY):
        raise AttributeError(f"{name} of the test is not the program's to change")
    setattr(target, name, value)


def _delattr(target: Any, name: Any) -> None:
    if isinstance(target, OPEN_LIBRARY):
        raise AttributeError(f"{name} of the test is not the program's to change")
    delattr(target, _open(target, name))


def _open(target: Any, name: Any) -> str:
    """The name of an attribute that is open to the program. Raises AttributeError for any other."""
    theirs = type(target).__module__ == TEST_MODULE or isinstance(target, OPEN_LIBRARY)
    if not isinstance(name, str) or name.startswith("_") or not theirs or isinstance(target, CALLED_ONLY):
        raise AttributeError(f"{type(target).__name__!r} object has no attribute {name!r:.100}")
    return name


OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *args, **kwargs: function(*args, **kwargs),
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "enter": lambda target: target.__enter__(),
    "exit": lambda target: target.__exit__(None, None, None),
    **{name: getattr(operator, name) for name in ("eq", "lt", "le", "gt", "ge", "contains", "add", "sub", "mul")},
    **{function.__name__: function for function in (len, iter, next, bool, str, repr, hash, float, int, abs)},
}
