"""A child that holds the program of an assert test: it performs operations on the program's objects for the tester.

The test source is never here. All that comes is one operation after the other on names and handles.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import patches
from .calls import MissingEntry, load_program, resolve
from .guest import attribute_of, stand_in
from .peer import Peer
from .refilling import changes_of, containers
from .telling import Telling
from .valued import content_of
from .wire import LINK, Channel
from .world import arrange


def _exit(target: Any, kind: Any, error: Any, _traceback: None) -> Any:
    return target.__exit__(kind, error, None)


async def _aexit(target: Any, kind: Any, error: Any) -> Any:
    return await target.__aexit__(kind, error, None)


def _wait(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: _loop().run_until_complete(make(*args))


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *args, **kwargs: function(*args, **kwargs),
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "isinstance": lambda kind, value: isinstance(value, kind),
    "issubclass": lambda kind, value: issubclass(value, kind),
    "enter": lambda target: target.__enter__(),
    "exit": _exit,
    "await": lambda coroutine: _loop().run_until_complete(coroutine),
    "send": lambda generator, value: generator.send(value),
    "aiter": lambda target: target.__aiter__(),
    "anext": _wait(lambda target: target.__anext__()),
    "aenter": _wait(lambda target: target.__aenter__()),
    "aexit": _wait(_aexit),
    "content": content_of,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{function.__name__: function for function in (len, iter, next, reversed, bool, str, repr, float, int, abs)},
    # Only asked for when the tests trust the program with their own values; see remote.py.
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge", "contains")},
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod")},
    "and": operator.and_,
    "or": operator.or_,
}


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Load the program, then perform operations until the tester hangs up."""
    namespace = load_program(channel, task)
    if namespace is None:
        return 1
    Candidate(namespace).peer.serve()
    return 0


class Candidate:
    """The program behind its end of the link."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        answers: dict[str, Callable[..., list[Any]]] = {
            "names": self.names,
            "own": self.own,
            "share": self.share,
            "bind": self.bind,
            "world": arrange,
            "perform": perform,
        }
        self.peer = Peer(Channel(LINK), answers, stand_in, may_export=lambda _value: True, trusted=True)
        self.peer.told = Telling(self.peer).told
        self.peer.attribute_of = attribute_of

    def names(self, peer: Peer, wanted: list[str]) -> list[Any]:
        """The values of those names that the program knows; a dotted one is a method of a new object."""
        found = {}
        for name in wanted:
            try:
                found[name] = peer.encode(resolve(self.namespace, name) if "." in name else self.namespace[name])
            except (KeyError, MissingEntry):
                continue
        return [found]

    def own(self, _peer: Peer, names: list[str]) -> list[Any]:
        """Which of these names the program defines itself, and did not import."""
        return [[name for name in names if name in self.namespace and self._defined_here(self.namespace[name])]]

    def _defined_here(self, value: Any) -> bool:
        here = self.namespace["__name__"]
        return not isinstance(value, ModuleType) and getattr(value, "__module__", here) == here

    def share(self, peer: Peer, names: list[str]) -> list[Any]:
        """Of the classes that the test defines, those that the program defines too."""
        classes = {name: self.namespace[name] for name in names if isinstance(self.namespace.get(name), type)}
        peer.shared_classes = classes
        return [list(classes)]

    def bind(self, peer: Peer, name: str, value: Any) -> list[Any]:
        """The test puts something in place of one of the program's names, or takes it away."""
        if value is None:
            del self.namespace[name]
        else:
            self.namespace[name] = peer.decode(value)
        return []


def perform(peer: Peer, operation: str, args: Any, kwargs: Any, rows: list[Any], patched: list[Any]) -> list[Any]:
    """The result, and what the program changed in place of its arguments and of their nodes."""
    nodes = peer.new_nodes()
    nodes.take(rows)
    values, named = peer.decode(args, nodes), peer.decode(kwargs, nodes)
    before = containers([values, named])
    with patches.applied(peer, patched):
        answer = OPERATIONS[operation](*values, **named)
    place = next((place for place, item in enumerate(before) if item is answer), None)
    result = peer.encode(answer, nodes) if place is None else ["@", place]  # that very argument
    changed = before and [peer.encode([*values[1:], named], nodes)[1:]] != [[*args[2:], kwargs]]
    changes = changes_of(before, lambda value: peer.encode(value, nodes)) if changed else []
    replaced = nodes.replaced()
    return [result, changes, nodes.rows(), replaced]
