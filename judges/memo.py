"""A bounded, thread-safe memory of answers: a group of sixteen completions repeats few distinct ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Remembers up to `size` answers, and `max_bytes` of them; when full, the older half is forgotten at once.

    `weigh(key, answer)` says how many bytes an answer counts.

    Two generations instead of a linked list: a hit costs one dictionary look-up and takes no lock, which is what
    a reward that sees the same answers thousands of times needs.

    >>> memo = Memo(size=100)
    >>> memo["1/2", "0.5"] = True
    >>> memo.get(("1/2", "0.5"))
    True
    """

    def __init__(
        self, size: int = 65_536, *, max_bytes: int | None = None, weigh: Callable[[Any, Value], int] | None = None
    ) -> None:
        if size < 2:
            raise ValueError(f"a memo needs room for at least 2 answers, not {size}")
        if (max_bytes is None) != (weigh is None):
            raise ValueError("max_bytes and weigh go together: the bound, and what an answer counts against it")
        self.size = size
        self.max_bytes = max_bytes
        self.weigh = weigh
        self._young_bytes = 0
        self._young: dict[Hashable, Value] = {}
        self._old: dict[Hashable, Value] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, default: Value | None = None) -> Value | None:
        """The remembered answer, or `default`."""
        young = self._young
        if key in young:
            return young[key]
        value = self._old.get(key, default)
        if value is not default:
            self[key] = value  # type: ignore[assignment]
        return value

    def __setitem__(self, key: Hashable, value: Value) -> None:
        with self._lock:
            if self.weigh is not None and self.max_bytes is not None:
                weight = self.weigh(key, value)
                if weight > self.max_bytes // 2:
                    return  # alone more than there is room for
                self._young_bytes += weight
                if self._young_bytes > self.max_bytes // 2:
                    self._old, self._young, self._young_bytes = self._young, {}, weight
            self._young[key] = value
            if len(self._young) >= self.size // 2:
                self._old, self._young, self._young_bytes = self._young, {}, 0

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._young, self._old, self._young_bytes = {}, {}, 0

    def __getstate__(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "max_bytes": self.max_bytes,
            "weigh": self.weigh,
        }  # answers are cheap to find again and expensive to send

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
