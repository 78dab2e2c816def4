"""What the program holds of the test: an object that asks the test for everything, see `lending.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .peer import STAND_INS, Peer


class Guest:
    """An object of the test's."""

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self.__dict__.update(_jurybox_number=number, _jurybox_peer=peer, _jurybox_type=type_name)

    def __getattr__(self, name: str) -> Any:
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __exit__(self, *_error: object) -> Any:
        return _ask(self, "exit")

    def __hash__(self) -> int:
        return _ask(self, "hash")  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> Any:
        return self is other or _ask(self, "eq", other)


class CallableGuest(Guest):
    """A function of the test's, or another object that can be called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _ask(self, "call", *args, **kwargs)


setattr(CallableGuest, "__doc__", property(lambda self: _ask(self, "getattr", "__doc__")))  # noqa: B010
STAND_INS.update((Guest, CallableGuest))


def stand_in(peer: Peer, number: int, type_name: str, kind: str) -> Guest:
    """What represents an object of the test's here."""
    return (CallableGuest if kind == "callable" else Guest)(peer, number, type_name)


def attribute_of(value: Any, name: str) -> Any:
    """What an instance of one of the test's classes has beyond its content."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _ask(Guest(value._jurybox_peer, value._jurybox_number, type(value).__name__), "getattr", name)


def _ask(guest: Guest, operation: str, *args: Any, **kwargs: Any) -> Any:
    peer: Peer = guest._jurybox_peer
    nodes = peer.new_nodes()
    trees = [peer.encode(args, nodes), peer.encode(kwargs, nodes)]
    result, rows = peer.ask("lent", operation, guest._jurybox_number, *trees, nodes.rows())
    nodes.take(rows)
    return peer.decode(result, nodes)


def _forward(operation: str) -> Callable[..., Any]:
    def method(self: Guest, *args: Any) -> Any:
        return _ask(self, operation, *args)

    return method


for _name in (
    "len", "iter", "next", "bool", "str", "repr", "getitem", "setitem", "delitem", "float", "int", "abs", "enter",
    "lt", "le", "gt", "ge", "contains", "add", "sub", "mul",
):  # fmt: skip
    setattr(Guest, f"__{_name}__", _forward(_name))
