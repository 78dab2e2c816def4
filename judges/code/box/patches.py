"""What a test puts in place of library functions while the program runs: `patch("builtins.print")`, `monkeypatch`.

The test's process has the new values, the program's process uses the functions. So each operation carries those that
differ from what they were, and they are in place while it lasts.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from unittest import mock

from .peer import Peer

ALWAYS = (("builtins", "input"), ("builtins", "print"), ("builtins", "open"), ("sys", "stdin"))


class Watch:
    """The tester's side: which attributes of library modules a test has replaced."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.before: dict[tuple[str, str], Any] = {}
        for module, name in ALWAYS:
            self.add(sys.modules[module], name)
        mock._patch.__enter__ = self._noting(mock._patch.__enter__)  # type: ignore[method-assign]

    def add(self, target: Any, name: str) -> None:
        """Keep an eye on an attribute of a module, which has its own value now."""
        if type(target) is ModuleType:
            self.before.setdefault((target.__name__, name), getattr(target, name, None))

    def _noting(self, enter: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noting(patch: Any) -> Any:
            self.add(patch.getter(), patch.attribute)
            return enter(patch)

        return noting

    def patches(self) -> list[Any]:
        """[module, name, value] of what differs now."""
        found: list[Any] = []
        for (module, name), before in self.before.items():
            value = getattr(sys.modules[module], name, None)
            if value is not before:
                found.append([module, name, self.peer.export(value)])
        if sys.stdin is not self.before["sys", "stdin"] and builtins.input is self.before["builtins", "input"]:
            found.append(["builtins", "input", self.peer.export(builtins.input)])  # it reads what stands for stdin
        return found


@contextlib.contextmanager
def applied(peer: Peer, patched: list[Any]) -> Iterator[None]:
    """The candidate's side: the test's values in place for one operation."""
    if not patched:
        yield
        return
    with contextlib.ExitStack() as undo:
        for module, name, value in patched:
            undo.enter_context(
                mock.patch.object(importlib.import_module(module), name, peer.decode(value), create=True)
            )
        yield
