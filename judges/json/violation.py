"""Where and how an instance breaks its schema: one small type for both validators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..verdict import shorten

Path = tuple[str | int, ...]
FALSE = "falseSchema"  # the keyword named when the schema is just `false`
_MESSAGE = 200
_LARGE = 20  # entries


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        path: from the root of the instance to the offending value.
        schema_path: from the root of the schema to the rule, `$ref` passed through unnamed.
        keyword: the rule's keyword.
        message: for people, shortened.
        value: the offending value, shortened.
    """

    path: Path
    schema_path: Path
    keyword: str
    message: str
    value: str

    def to_dict(self) -> dict[str, str]:
        """Plain data with both paths as JSON pointers."""
        return {
            "path": pointer(self.path),
            "schema_path": pointer(self.schema_path),
            "keyword": self.keyword,
            "message": self.message,
            "value": self.value,
        }


def pointer(path: Iterable[str | int]) -> str:
    """A path as a JSON pointer.

    >>> pointer(("a/b", 0))
    '/a~1b/0'
    """
    return "".join([f"/{step}" if isinstance(step, int) else "/" + _escaped(step) for step in path])


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1") if "~" in step or "/" in step else step


def cut(message: str) -> str:
    """A message short enough to log; validators put whole instances into theirs."""
    return message if len(message) <= _MESSAGE else f"{message[: _MESSAGE // 2]} … {message[-_MESSAGE // 2 :]}"


def shortened(value: Any) -> str:
    """The repr of a value, cut to fit a line; of a large container, its kind and length."""
    if isinstance(value, (dict, list)) and len(value) > _LARGE:
        return f"{'object' if isinstance(value, dict) else 'array'} of {len(value)}"
    return shorten(value, 80)


def in_document_order(violations: Iterable[Violation], instance: Any) -> list[Violation]:
    """The violations in the order in which a reader of the instance meets them."""
    keys: dict[int, dict[str, int]] = {}  # by object: where each of its keys stands

    def places(path: Path) -> list[int]:
        found, value = [], instance
        for step in path:
            if isinstance(step, int):
                found.append(step)
            else:
                order = keys.setdefault(id(value), {})
                if not order:
                    order.update((key, place) for place, key in enumerate(value))
                found.append(order[step])
            value = value[step]
        return found

    violations = list(violations)
    if len(violations) < 2:
        return violations
    return sorted(violations, key=lambda v: (places(v.path), pointer(v.schema_path), v.message))
