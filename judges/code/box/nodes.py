"""Objects that cross by value: instances of a class that test and program both define, such as `ListNode`.

Both sides have the class, with methods of their own, so only the attributes cross: one row a node, in a table beside
the values, where `["o", "node", 3]` stands for the third. So lists of thousands of nodes, cycles and shared nodes
arrive as they were. A node that comes back is the very object that was sent; what the program changed in it is
changed here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .values import BadValue

Coder = Callable[[Any], Any]


class Nodes:
    """The nodes of one operation and of its result.

    Args:
        classes: name -> class of this side, for the classes that both sides define.
        encode, decode: of attributes, given this table.
    """

    def __init__(self, classes: Mapping[str, type], encode: Callable[..., Any], decode: Callable[..., Any]) -> None:
        self.classes = classes
        self._encode: Coder = lambda value: encode(value, self)
        self._decode: Coder = lambda tree: decode(tree, self)
        self._objects: list[Any] = []
        self._places: dict[int, int] = {}
        self._sent = 0
        self._received: list[Any] = []

    def knows(self, value: Any) -> bool:
        """Whether a value crosses as a node."""
        return self.classes.get(type(value).__name__) is type(value)

    def place(self, value: Any) -> list[Any]:
        """What stands for a node; its row follows in the table."""
        if id(value) not in self._places:
            self._places[id(value)] = len(self._objects)
            self._objects.append(value)
        return ["o", "node", self._places[id(value)]]

    def at(self, place: Any) -> Any:
        """The node at a place. Raises BadValue where there is none."""
        if not isinstance(place, int) or not 0 <= place < len(self._objects):
            raise BadValue("a node that was never sent")
        return self._objects[place]

    def rows(self) -> list[Any]:
        """The rows of all nodes that were not sent yet, and of those that they refer to."""
        rows: list[Any] = []
        while self._sent < len(self._objects):
            value = self._objects[self._sent]
            rows.append([type(value).__name__, self._attributes(value)])
            self._sent += 1
        return rows

    def replaced(self) -> list[Any]:
        """[place, attributes] of the received nodes that have changed."""
        found = []
        for place, before in enumerate(self._received):
            now = self._attributes(self._objects[place])
            if now != before:
                found.append([place, now])
        return found

    def take(self, rows: list[Any], replaced: list[Any] | None = None) -> None:
        """Make the nodes of these rows, and give known ones their new attributes."""
        first = len(self._objects)
        for name, _attributes in rows:
            kind: Any = self.classes.get(name) if isinstance(name, str) else None
            if kind is None:
                raise BadValue("a node of no known class")
            self.place(kind.__new__(kind))
        self._sent = len(self._objects)
        self._received += [attributes for _name, attributes in rows]
        for place, attributes in [*enumerate((row[1] for row in rows), first), *(replaced or [])]:
            self._fill(self.at(place), attributes)

    def _attributes(self, value: Any) -> list[Any]:
        names = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
        return [[name, self._encode(getattr(value, name))] for name in names if hasattr(value, name)]

    def _fill(self, value: Any, attributes: list[Any]) -> None:
        """Data only: an attribute that would stand in for a method of the class is refused."""
        for name, tree in attributes:
            if not isinstance(name, str) or name.startswith("__") or callable(getattr(type(value), name, None)):
                raise BadValue("a node with an attribute that is none")
            object.__setattr__(value, name, self._decode(tree))
