"""Partial credit that cannot be gamed.

    credit = satisfied / (satisfied + violated + missing)

counted over leaves: the declared properties that are there and the required ones, recursively. What keeps it honest:

- a missing required part counts as many leaves as it requires, an array that must not be empty those of one item, so
  leaving out what is hard does not pay, nor does emptying it;
- an array counts as much as one of its items, times the mean over its items, so padding it changes nothing;
- extra properties count as violated where they are forbidden, and properties that no one declared earn nothing;
- while a required part is missing or wrong, the credit is at most the share of the required leaves that are satisfied,
  however many optional members stand beside it;
- an empty object, array or string earns nothing, and a value of the wrong type loses all that it should have held;
- a valid instance has credit 1, an invalid one less, whatever the leaves say.

Alternatives (`anyOf`, `oneOf`) are one leaf each: which of them was meant cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .violation import Path, Violation, pointer

_EXTRA = {"additionalProperties", "unevaluatedProperties"}
_PER_PROPERTY = _EXTRA | {"required"}  # counted property by property
_EMPTY: tuple[Any, ...] = ({}, [], "")
_DEEP = 12  # levels of a recursive schema that a missing part is counted to

Share = tuple[float, float]  # satisfied leaves, all leaves


@dataclass(slots=True)
class _Errors:
    """The violations at one place of the instance, and those below it."""

    keywords: list[str] = field(default_factory=list)
    below: dict[str | int, _Errors] = field(default_factory=dict)

    def add(self, path: Path, keyword: str) -> None:
        node = self
        for step in path:
            node = node.below.setdefault(step, _Errors())
        node.keywords.append(keyword)

    def __bool__(self) -> bool:
        return bool(self.keywords or self.below)


@dataclass(slots=True)
class _Shape:
    """What a schema says of its instances' parts, `$ref` and `allOf` folded in."""

    properties: dict[str, Any] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    patterns: bool = False  # some names are allowed by pattern
    prefix: list[Any] = field(default_factory=list)
    items: Any = None
    filled: bool = False  # an array must have an item


class Credit:
    """Counts leaves for one schema.

    >>> schema = {"required": ["a", "b"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
    >>> wrong = Violation(("b",), (), "type", "", "2")
    >>> Credit(schema).of({"a": 1, "b": 2}, [wrong])
    0.5

    Args:
        schema: the schema as data.
        weights: by JSON pointer into the instance, `*` standing for every item of an array: how many times the
            leaves from there on count. The longest pointer that fits decides.
    """

    def __init__(self, schema: Any, weights: Mapping[str, float] | None = None) -> None:
        self.schema = schema
        self.weights = dict(weights or {})
        self._shapes: dict[int, _Shape] = {}

    def of(self, instance: Any, violations: Iterable[Violation]) -> float:
        """The credit of an instance, given what it violates (nothing: 1.0)."""
        errors = _Errors()
        for violation in violations:
            errors.add(violation.path, violation.keyword)
        if not errors:
            return 1.0
        satisfied, leaves = self._share(self.schema, instance, errors, ())
        if satisfied == leaves:
            leaves += 1.0  # what is violated belongs to no leaf
        there, needed = self._required(self.schema, instance, errors, ())
        return min(satisfied / leaves, there / needed if there < needed else 1.0)

    def _required(self, schema: Any, value: Any, errors: _Errors | None, path: Path) -> Share:
        """The share of the required leaves alone; of an array that of its items, each counting the same."""
        shape = self._shape(schema)
        below = errors.below if errors else {}
        if isinstance(value, dict) and (shape.required or shape.properties):
            there = needed = 0.0
            for name in shape.required:
                inside, rule = (*path, name), shape.properties.get(name, True)
                missing = (0.0, self._size(rule, inside))
                earned, most = self._required(rule, value[name], below.get(name), inside) if name in value else missing
                there, needed = there + earned, needed + most
            return there, needed
        if isinstance(value, list) and value and shape.items is not None and not shape.prefix:
            shares = [self._required(shape.items, v, below.get(i), (*path, "*")) for i, v in enumerate(value)]
            counted = [there / needed for there, needed in shares if needed]
            size = self._size(shape.items, (*path, "*"))
            return size * sum(counted) / len(counted) if counted else size, size
        size = self._size(schema, path)
        return 0.0 if errors or value in _EMPTY else size, size

    def _share(self, schema: Any, value: Any, errors: _Errors | None, path: Path) -> Share:
        shape = self._shape(schema)
        if isinstance(value, dict) and (shape.properties or shape.required):
            return self._object(shape, value, errors, path)
        if isinstance(value, list) and (shape.prefix or shape.items is not None):
            return self._array(shape, value, errors, path)
        if not errors:
            earned = 0.0 if value in _EMPTY else self._weight(path)
            return earned, earned
        return 0.0, self._size(schema, path)

    def _object(self, shape: _Shape, value: Mapping[str, Any], errors: _Errors | None, path: Path) -> Share:
        satisfied, leaves = self._own(errors, path)
        below = errors.below if errors else {}
        for name in {**shape.properties, **shape.required}:
            inside = (*path, name)
            schema = shape.properties.get(name, True)
            if name in value:
                earned, most = self._share(schema, value[name], below.get(name), inside)
                satisfied, leaves = satisfied + earned, leaves + most
            elif name in shape.required:
                leaves += self._size(schema, inside)
        return satisfied, leaves + self._extras(shape, value, errors, path)

    def _extras(self, shape: _Shape, value: Mapping[str, Any], errors: _Errors | None, path: Path) -> float:
        """Properties that nobody declared and that are wrong, by their name or in their value."""
        if not errors:
            return 0.0
        others = [name for name in value if name not in shape.properties and name not in shape.required]
        wrong = [name for name in others if errors.below.get(name)]
        if not _EXTRA.isdisjoint(errors.keywords):
            # Beside patterns it cannot be told from here which names were forbidden, only that one was.
            wrong = wrong or others[:1] if shape.patterns else others
        return sum(self._weight((*path, name)) for name in wrong)

    def _array(self, shape: _Shape, value: list[Any], errors: _Errors | None, path: Path) -> Share:
        satisfied, leaves = self._own(errors, path)
        below = errors.below if errors else {}
        for place, schema in enumerate(shape.prefix[: len(value)]):
            earned, most = self._share(schema, value[place], below.get(place), (*path, place))
            satisfied, leaves = satisfied + earned, leaves + most
        rest = range(len(shape.prefix), len(value))
        if rest and shape.items is not None:
            shares = [self._share(shape.items, value[i], below.get(i), (*path, "*")) for i in rest]
            counted = [earned / most for earned, most in shares if most]
            if counted:
                size = self._size(shape.items, (*path, "*"))
                satisfied, leaves = satisfied + size * sum(counted) / len(counted), leaves + size
        if not value and errors:
            leaves = max(leaves, self._array_size(shape, path, 0))
        return satisfied, leaves

    def _own(self, errors: _Errors | None, path: Path) -> Share:
        """Rules broken by a container itself: too few items, a failed alternative."""
        broken = sum(keyword not in _PER_PROPERTY for keyword in errors.keywords) if errors else 0
        return 0.0, broken * self._weight(path)

    def _size(self, schema: Any, path: Path, depth: int = 0) -> float:
        """How many leaves an instance of a schema must have at least; one if it need not be an object or array."""
        shape = self._shape(schema)
        if depth > _DEEP:
            return self._weight(path)
        if shape.required:
            return sum(
                self._size(shape.properties.get(name, True), (*path, name), depth + 1) for name in shape.required
            )
        return self._array_size(shape, path, depth) or self._weight(path)

    def _array_size(self, shape: _Shape, path: Path, depth: int) -> float:
        """The leaves of an array with one item after those that have a schema of their own; none if it may be empty."""
        if not shape.filled:
            return 0.0
        leaves = sum(self._size(schema, (*path, place), depth + 1) for place, schema in enumerate(shape.prefix))
        if shape.items is not None and shape.items is not False:
            leaves += self._size(shape.items, (*path, "*"), depth + 1)
        return leaves

    def _weight(self, path: Path) -> float:
        for length in range(len(path), -1, -1) if self.weights else ():
            weight = self.weights.get(pointer(path[:length]))
            if weight is not None:
                return weight
        return 1.0

    def _shape(self, schema: Any) -> _Shape:
        shape = self._shapes.get(id(schema))  # every schema here lives as long as this object
        if shape is None:
            shape = _Shape()
            self._fold(schema, shape, set())
            self._shapes[id(schema)] = shape
        return shape

    def _fold(self, schema: Any, shape: _Shape, seen: set[int]) -> None:
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen.add(id(schema))
        for name, rule in schema.get("properties", {}).items():
            known = shape.properties.get(name)
            shape.properties[name] = rule if known is None else {"allOf": [known, rule]}
        shape.required.update(dict.fromkeys(schema.get("required", ())))
        shape.patterns = shape.patterns or bool(schema.get("patternProperties"))
        shape.filled = shape.filled or bool(schema.get("minItems"))
        items = schema.get("items", shape.items)
        if isinstance(items, list):  # drafts before 2020
            shape.prefix, items = items, schema.get("additionalItems")
        shape.prefix = shape.prefix or schema.get("prefixItems", [])
        shape.items = items
        for part in (*schema.get("allOf", ()), self._referred(schema.get("$ref"))):
            self._fold(part, shape, seen)

    def _referred(self, reference: Any) -> Any:
        """The target of a reference into this schema; None for any other."""
        if not isinstance(reference, str) or not re.match(r"#(/|$)", reference):
            return None
        target = self.schema
        for step in reference.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            target = target.get(step) if isinstance(target, dict) else None
        return target
