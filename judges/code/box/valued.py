"""Instances of classes derived from builtin ones: a named tuple, a member of an `IntEnum`, a dict with methods.

Here they are instances of the same builtin class, made anew of their content, so that comparing them is this side's
own business. What else they have, they are asked for where they live. A list, dict or set is also changed there, and
read again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Ask = Callable[[Any, str], Any]  # (the instance here, the name of an attribute) -> its value there

IMMUTABLE = (tuple, str, int, float, frozenset, bytes, complex)
CONTENT: dict[type, Callable[[Any], Any]] = {
    list: lambda value: list(list.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
}
CHANGING = (  # and `get`, which caches redefine; never one that says yes or no about the test's own values
    "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "popitem", "setdefault", "get",
    "add", "discard", "intersection_update", "difference_update", "symmetric_difference_update",
)  # fmt: skip
ITEMS = frozenset(
    f"__{name}__"
    for name in ("getitem", "setitem", "delitem", "contains", "iter", "len", "missing", "eq", "bool")
)  # fmt: skip


class Valued:
    """Marks such an instance; `_jurybox_number` is that of the object it stands for."""

    _jurybox_number: int
    _jurybox_peer: Any
    _jurybox_ask: Ask

    def __getattr__(self, name: str) -> Any:
        return type(self)._jurybox_ask(self, name)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("an object of the other side cannot be copied")


def content_of(value: Any) -> Any:
    """What a list, dict or set holds, by the builtin class's own methods."""
    return next(plain(value) for kind, plain in CONTENT.items() if isinstance(value, kind))


def crosses_by_value(value: Any) -> bool | None:
    """Whether the builtin class's own idea of an instance is right: not where its class redefines what it holds. None
    for an instance of what is no such class, a date for example."""
    kinds = type(value).__mro__
    base = next((kind for kind in kinds if kind in CONTENT or kind in IMMUTABLE), None)
    if base is None:
        return None
    return base in IMMUTABLE or not any(name in vars(kind) for kind in kinds[: kinds.index(base)] for name in ITEMS)


def valued(peer: Any, number: int, name: str, content: Any, ask: Ask, changes: bool) -> Any:
    """What stands for such an instance here; where `changes`, it is changed where it lives."""
    base: Any = type(content)
    if base not in CONTENT and base not in IMMUTABLE:
        return content
    made = _class(base, name if name.isidentifier() else "value", ask, changes and base in CONTENT)(content)
    made.__dict__.update(_jurybox_number=number, _jurybox_peer=peer)
    return made


def _call(value: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    return type(value)._jurybox_ask(value, method)(*args, **kwargs)


@functools.cache
def _class(base: type, name: str, ask: Ask, changes: bool) -> type:
    members: dict[str, Any] = {"_jurybox_ask": staticmethod(ask)}
    if changes:
        members |= {method: _changing(method, base) for method in CHANGING if hasattr(base, method)}
        members |= {item: _item(item, base) for item in ("__setitem__", "__delitem__") if hasattr(base, item)}
    return type(name, (Valued, base), members)


def _changing(method: str, base: Any) -> Callable[..., Any]:
    def changing(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return _call(self, method, *args, **kwargs)
        finally:
            _refresh(self, base)

    return changing


def _item(operation: str, base: Any) -> Callable[..., Any]:
    def changing(self: Any, *args: Any) -> None:
        self._jurybox_peer.perform_on(self._jurybox_number, operation.strip("_"), *args)
        _refresh(self, base)

    return changing


def _refresh(value: Any, base: Any) -> None:
    content = value._jurybox_peer.perform_on(value._jurybox_number, "content")
    base.clear(value)
    (base.extend if base is list else base.update)(value, content)
