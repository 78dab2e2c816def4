"""A model that says what a test tells it to say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from ..written import Written
from .reply import Messages

Line: TypeAlias = "str | Exception | Callable[[Messages], str]"


class Scripted(Written):
    """Answers with its lines, one after the other; the last one stays.

    A line is a text, an exception to raise, or a function of the messages.

    >>> model = Scripted("yes", TimeoutError("gone"))
    >>> model([{"role": "user", "content": "Is it?"}]), len(model.calls)
    ('yes', 1)

    Attributes:
        calls: the messages of every call so far.
    """

    def __init__(self, *lines: Line) -> None:
        if not lines:
            raise ValueError("a script needs at least one line, e.g. Scripted('yes')")
        self.lines = lines
        self.calls: list[Messages] = []
        self._lock = threading.Lock()

    @property
    def identity(self) -> dict[str, Any]:
        """What a cache knows this model by."""
        return {"adapter": "scripted", "model": repr(self)}

    def __call__(self, messages: Messages) -> str:
        """The next line."""
        with self._lock:
            line = self.lines[min(len(self.calls), len(self.lines) - 1)]
            self.calls.append(messages)
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, str) else line(messages)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())
