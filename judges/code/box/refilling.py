"""Arguments changed in place: the same list, dict, set or array on the other side is filled again and stays the same.

Both sides number the containers of a value in the same order. Where one of them has moved, `["@", number]` stands for
it, so that `m[0], m[1] = m[1], m[0]` swaps rows instead of rewriting them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

CONTAINERS = (list, dict, set)


def is_array(value: Any) -> bool:
    """Whether it is an array of numpy, which is there or not."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def containers(value: Any) -> list[Any]:
    """The lists, dicts, sets and arrays in a value, each once, outermost first."""
    found: list[Any] = []
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in CONTAINERS or is_array(item):
            if id(item) in seen:
                continue
            seen.add(id(item))
            found.append(item)
        if kind in (list, tuple):
            waiting.extend(reversed(item))
        elif kind is dict:
            waiting.extend(reversed(item.values()))
    return found


def changes_of(before: list[Any], encode: Callable[[Any], Any]) -> list[Any]:
    """[number, content] of all containers, each content encoded with references to the containers that were there."""
    places = {id(item): ["@", place] for place, item in enumerate(before)}

    def child(value: Any) -> Any:
        return places.get(id(value)) or ["=", encode(value)]

    changes: list[Any] = []
    for place, item in enumerate(before):
        if is_array(item):
            changes.append([place, encode(item)])
        elif type(item) is dict:
            changes.append([place, [[encode(key), child(value)] for key, value in item.items()]])
        else:
            changes.append([place, [child(value) for value in item]])
    return changes


def refill(value: Any, changes: list[Any], decode: Callable[[Any], Any]) -> None:
    """Carry the changes over to the containers of `value`."""
    if not changes:
        return
    before = containers(value)

    def child(reference: list[Any]) -> Any:
        return before[reference[1]] if reference[0] == "@" else decode(reference[1])

    for place, content in changes:
        target = before[place]
        if is_array(target):
            target[...] = decode(content)
        elif type(target) is dict:
            items = [(decode(key), child(reference)) for key, reference in content]
            target.clear()
            target.update(items)
        else:
            values = [child(reference) for reference in content]
            target.clear()
            target.extend(values) if type(target) is list else target.update(values)
