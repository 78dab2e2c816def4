"""What the test holds of the program: a `Remote` that forwards operations and never decides a comparison.

Equality is identity, and order, membership and arithmetic with the test's own values are refused, because the program
would answer `True`. `trust_the_program` lifts that, and then the verdict says so.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from .peer import STAND_INS, Peer
from .refilling import containers, refill


class Remote:
    """An object of the program."""

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self.__dict__.update(_jurybox_number=number, _jurybox_peer=peer, _jurybox_type=type_name)

    def __getattr__(self, name: str) -> Any:
        return _told(self, name) if name in TOLD else perform(self, "getattr", _no_protocol(name))

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
TOLD = ("__name__", "__qualname__", "__doc__")  # which are only told, as text


def _told(remote: Remote, name: str) -> str | None:
    """What a function or class of the program is called, or says of itself: a text, or nothing."""
    text = perform(remote, "getattr", name)
    if type(text) not in (str, type(None)):
        raise AttributeError(f"an object of the program shows a test no {name}")
    return text  # type: ignore[no-any-return]


DOC = property(lambda self: _told(self, "__doc__"))
setattr(Remote, "__doc__", DOC)  # noqa: B010 - in the place of this class's own


@functools.cache
def _class_called(name: str) -> type[Remote]:
    """So that `type(value).__name__` is what the program calls the class."""
    kind = type(name, (Remote,), {"__module__": "solution", "__doc__": DOC})
    STAND_INS.add(kind)
    return kind


def _no_protocol(name: str) -> str:
    """No name with two underscores at both ends crosses: libraries read such names and believe what they find, a
    pointer in `__array_interface__`, source to evaluate in `__annotations__`."""
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"an object of the program shows a test no {name}")
    return name


def stand_in(peer: Peer, number: int, type_name: str, kind: str) -> Any:
    """What represents an object of the program here: coroutines and generators run where they live."""
    remote = Remote(peer, number, type_name)
    if kind in RUNNING:
        return RUNNING[kind](remote)
    plain = kind != "object" or not type_name.isidentifier()  # functions and classes are no instances of theirs
    return remote if plain else _class_called(type_name)(peer, number, type_name)


async def _awaited(remote: Remote) -> Any:
    return perform(remote, "await")


def _generated(remote: Remote) -> Generator[Any, Any, Any]:
    sent = None
    while True:
        try:
            value = perform(remote, "send", sent)
        except StopIteration as end:
            return end.value
        sent = yield value


async def _generated_async(remote: Remote) -> AsyncGenerator[Any, None]:
    while True:
        try:
            value = perform(remote, "anext")
        except StopAsyncIteration:
            return
        yield value


RUNNING: dict[str, Callable[[Remote], Any]] = {
    "coroutine": _awaited,
    "generator": _generated,
    "async_generator": _generated_async,
}
ENDING = {"next": StopIteration, "send": StopIteration, "anext": StopAsyncIteration}


def perform(remote: Remote, operation: str, *args: Any, **kwargs: Any) -> Any:
    """Let the program do it; what it changed in place of the test's lists, dicts, sets and nodes changes here too.

    Only who asks for the next of an iteration may hear that it is over: anybody else would end a loop of the test's.
    """
    peer: Peer = remote._jurybox_peer
    peer.operations += 1
    peer.arrange()
    nodes = peer.new_nodes()
    operands = (remote, *args)
    trees = [peer.encode(operands, nodes), peer.encode(kwargs, nodes)]
    try:
        result, changes, rows, replaced = peer.ask("perform", operation, *trees, nodes.rows(), peer.patches())
    except (StopIteration, StopAsyncIteration) as error:
        if isinstance(error, ENDING.get(operation, ())):
            raise
        raise RuntimeError(f"the program raised {type(error).__name__}") from None
    nodes.take(rows, replaced)
    same = containers([operands, kwargs])[result[1]] if isinstance(result, list) and result[:1] == ["@"] else None
    refill([operands, kwargs], changes, lambda tree: peer.decode(tree, nodes))
    return peer.decode(result, nodes) if same is None else same


def attribute_of(value: Any, name: str) -> Any:
    """What an instance of one of the program's classes has beyond its content."""
    remote = Remote(value._jurybox_peer, value._jurybox_number, type(value).__name__)
    return perform(remote, "getattr", _no_protocol(name))


def _forward(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *args: Any, **kwargs: Any) -> Any:
        return perform(self, operation, *args, **kwargs)

    return method


def _refuse(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *args: Any) -> Any:
        if operation in AMONG_THEMSELVES and type(args[0]) in STAND_INS:  # nothing of the test's own is at stake
            return perform(self, operation, *args)
        raise TypeError(f"{operation} would let the program decide its own test; see trust_candidate_eq")

    return method


def _membership(self: Remote, value: Any) -> bool:
    return any(item is value or item == value for item in self)  # type: ignore[attr-defined]


def _exit(self: Remote, kind: Any, error: Any, _traceback: Any) -> Any:
    return perform(self, "exit", kind, error, None)


def _async(operation: str) -> Callable[..., Any]:
    async def method(self: Remote) -> Any:
        return perform(self, operation)

    return method


async def _aexit(self: Remote, kind: Any, error: Any, _traceback: Any) -> Any:
    return perform(self, "aexit", kind, error)


FORWARDED = (
    "call", "len", "iter", "next", "reversed", "bool", "str", "repr", "getitem", "setitem", "delitem", "float", "int",
    "abs", "enter",
)  # fmt: skip
REFUSED = (
    "lt", "le", "gt", "ge", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "and", "or",
)  # fmt: skip
AMONG_THEMSELVES = ("add", "sub", "mul", "truediv", "floordiv", "mod", "and", "or")
for _name in FORWARDED:
    setattr(Remote, f"__{_name}__", _forward(_name))
for _name in REFUSED:
    setattr(Remote, f"__{_name}__", _refuse(_name))
setattr(Remote, "__instancecheck__", _forward("isinstance"))  # noqa: B010 - what classes define, made of functions
setattr(Remote, "__subclasscheck__", _forward("issubclass"))  # noqa: B010
setattr(Remote, "__contains__", _membership)  # noqa: B010
setattr(Remote, "__exit__", _exit)  # noqa: B010
for _name in ("aenter", "anext"):
    setattr(Remote, f"__{_name}__", _async(_name))
setattr(Remote, "__aexit__", _aexit)  # noqa: B010
setattr(Remote, "__aiter__", lambda self: perform(self, "aiter"))  # noqa: B010


def trust_the_program() -> None:
    """Let the program's own `__eq__`, `__lt__`, `__add__` decide: only for tests that cannot do without."""
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "contains", "add", "sub", "mul", "truediv", "floordiv", "mod"):
        setattr(Remote, f"__{name}__", _forward(name))
