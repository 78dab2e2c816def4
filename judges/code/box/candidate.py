"""A child that holds the program of an assert test: it performs operations on the program's objects for the tester.

The test source is never here. All that comes is one operation after the other on names and handles.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .calls import load_program
from .peer import STAND_INS, Peer
from .wire import LINK, Channel

OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *args, **kwargs: function(*args, **kwargs),
    "getattr": getattr,
    "setattr": setattr,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "isinstance": lambda kind, value: isinstance(value, kind),
    **{function.__name__: function for function in (len, iter, next, bool, str, repr, float, int, abs)},
    # Only asked for when the tests trust the program with their own values; see tester.py.
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge", "contains")},
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod")},
}


class Callback:
    """A function of the tester's, as the program sees it."""

    def __init__(self, peer: Peer, number: int, _type_name: str) -> None:
        self._jurybox_number = number
        self._peer = peer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        peer = self._peer
        return peer.decode(peer.ask("callback", self._jurybox_number, peer.encode(args), peer.encode(kwargs))[0])


STAND_INS.add(Callback)


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Load the program, then perform operations until the tester hangs up."""
    namespace = load_program(channel, task)
    if namespace is None:
        return 1

    def names(peer: Peer, wanted: list[str]) -> list[Any]:
        return [{name: peer.encode(namespace[name]) for name in wanted if name in namespace}]

    Peer(Channel(LINK), {"names": names, "perform": perform}, Callback, may_export=lambda _value: True).serve()
    return 0


def perform(peer: Peer, operation: str, args: Any, kwargs: Any) -> list[Any]:
    """The result, and those of the arguments that the program changed in place."""
    values = peer.decode(args)
    result = peer.encode(OPERATIONS[operation](*values, **peer.decode(kwargs)))
    changed = {}
    for place, (value, before) in enumerate(zip(values, args[1:], strict=True)):
        if type(value) in (list, dict, set) and (after := peer.encode(value)) != before:
            changed[str(place)] = after
    return [result, changed]
