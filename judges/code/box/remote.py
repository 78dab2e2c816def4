"""What the test holds of the program: a `Remote` that forwards operations and never decides a comparison.

Equality is identity, and order, membership and arithmetic with the test's own values are refused, because the program
would answer `True`. `trust_the_program` lifts that, and then the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .peer import STAND_INS, Peer
from .refilling import refill


class Remote:
    """An object of the program."""

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self.__dict__.update(_jurybox_number=number, _jurybox_peer=peer, _jurybox_type=type_name)

    def __getattr__(self, name: str) -> Any:
        return perform(self, "getattr", _no_protocol(name))

    def __setattr__(self, name: str, value: Any) -> None:
        perform(self, "setattr", _no_protocol(name), value)

    def __delattr__(self, name: str) -> None:
        perform(self, "delattr", _no_protocol(name))

    def __hash__(self) -> int:
        return self._jurybox_number  # type: ignore[no-any-return]

    def __copy__(self) -> Any:
        return perform(self, "copy")

    def __deepcopy__(self, _memo: Any) -> Any:
        return perform(self, "deepcopy")


STAND_INS.add(Remote)


def _no_protocol(name: str) -> str:
    """No name with two underscores at both ends crosses: libraries read such names and believe what they find, a
    pointer in `__array_interface__`, source to evaluate in `__annotations__`."""
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"an object of the program shows a test no {name}")
    return name


def stand_in(peer: Peer, number: int, type_name: str, kind: str) -> Any:
    """What represents an object of the program here: a coroutine is awaited where it lives, the rest is a `Remote`."""
    remote = Remote(peer, number, type_name)
    return _awaited(remote) if kind == "coroutine" else remote


async def _awaited(remote: Remote) -> Any:
    return perform(remote, "await")


def perform(remote: Remote, operation: str, *args: Any, **kwargs: Any) -> Any:
    """Let the program do it; what it changed in place of the test's lists, dicts, sets and nodes changes here too.

    Only `next` may say that an iteration is over: from anywhere else that would end a loop of the test's own.
    """
    peer: Peer = remote._jurybox_peer
    peer.operations += 1
    nodes = peer.new_nodes()
    operands = (remote, *args)
    trees = [peer.encode(operands, nodes), peer.encode(kwargs, nodes)]
    try:
        result, changes, rows, replaced = peer.ask("perform", operation, *trees, nodes.rows(), peer.patches())
    except (StopIteration, StopAsyncIteration) as error:
        if operation == "next":
            raise
        raise RuntimeError(f"the program raised {type(error).__name__}") from None
    nodes.take(rows, replaced)
    refill([operands, kwargs], changes, lambda tree: peer.decode(tree, nodes))
    return peer.decode(result, nodes)


def _forward(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *args: Any, **kwargs: Any) -> Any:
        return perform(self, operation, *args, **kwargs)

    return method


def _refuse(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *_args: Any) -> Any:
        raise TypeError(f"{operation} would let the program decide its own test; see trust_candidate_eq")

    return method


def _membership(self: Remote, value: Any) -> bool:
    return any(item is value or item == value for item in self)  # type: ignore[attr-defined]


def _exit(self: Remote, kind: Any, error: Any, _traceback: Any) -> Any:
    return perform(self, "exit", kind, error, None)


FORWARDED = (
    "call", "len", "iter", "next", "reversed", "bool", "str", "repr", "getitem", "setitem", "delitem", "float", "int",
    "abs", "enter",
)  # fmt: skip
REFUSED = (
    "lt", "le", "gt", "ge", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "and", "or",
)  # fmt: skip
for _name in FORWARDED:
    setattr(Remote, f"__{_name}__", _forward(_name))
for _name in REFUSED:
    setattr(Remote, f"__{_name}__", _refuse(_name))
setattr(Remote, "__instancecheck__", _forward("isinstance"))  # noqa: B010 - what classes define, made of functions
setattr(Remote, "__subclasscheck__", _forward("issubclass"))  # noqa: B010
setattr(Remote, "__contains__", _membership)  # noqa: B010
setattr(Remote, "__exit__", _exit)  # noqa: B010


def trust_the_program() -> None:
    """Let the program's own `__eq__`, `__lt__`, `__add__` decide: only for tests that cannot do without."""
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "contains", "add", "sub", "mul", "truediv", "floordiv", "mod"):
        setattr(Remote, f"__{name}__", _forward(name))
