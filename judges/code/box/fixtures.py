"""Fixtures of tests: those that a test file defines, and the few of pytest's own that need no files."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from .patches import Watch
from .pytest_like import Fixture, Unsupported

MISSING = object()


class Capture:
    """`capsys`: what test and program print while it is on."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def readouterr(self) -> Any:
        """What was printed since the last time."""
        printed = (self.out.getvalue(), self.err.getvalue())
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return _Printed(printed)

    @contextlib.contextmanager
    def disabled(self) -> Iterator[None]:
        """Print past the capture."""
        with contextlib.redirect_stdout(io.StringIO()):
            yield


class _Printed(tuple):  # type: ignore[type-arg]
    out = property(lambda self: self[0])
    err = property(lambda self: self[1])


class Logs(logging.Handler):
    """`caplog`: the records of test and program."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    @classmethod
    @contextlib.contextmanager
    def capturing(cls) -> Iterator[Logs]:
        """One that listens at the root."""
        logs = cls()
        with logs.at_level(logging.WARNING):
            logging.root.addHandler(logs)
            try:
                yield logs
            finally:
                logging.root.removeHandler(logs)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    messages = property(lambda self: [record.getMessage() for record in self.records])
    record_tuples = property(lambda self: [(each.name, each.levelno, each.getMessage()) for each in self.records])
    text = property(
        lambda self: "".join(f"{each.levelname} {each.name} {each.getMessage()}\n" for each in self.records)
    )

    def clear(self) -> None:
        """Forget them."""
        self.records.clear()

    def set_level(self, level: Any, logger: str | None = None) -> None:
        """From which level on records are kept."""
        logging.getLogger(logger).setLevel(level)

    @contextlib.contextmanager
    def at_level(self, level: Any, logger: str | None = None) -> Iterator[None]:
        """The same for a block."""
        before = logging.getLogger(logger).level
        self.set_level(level, logger)
        try:
            yield
        finally:
            self.set_level(before, logger)


class MonkeyPatch:
    """`monkeypatch`: changes that are undone after the test, the last first."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._undo: list[Any] = []

    def setattr(self, target: Any, name: Any, value: Any = MISSING, raising: bool = True) -> None:
        """Change an attribute; the target may be a dotted name."""
        if value is MISSING:
            value, (path, _dot, name) = name, target.rpartition(".")
            target = _resolved(path)
        before = getattr(target, name, MISSING)
        if before is MISSING and raising:
            raise AttributeError(f"{target!r} has no attribute {name!r}")
        self._watch.add(target, name)
        setattr(target, name, value)
        self._undo.append(lambda: delattr(target, name) if before is MISSING else setattr(target, name, before))

    def delattr(self, target: Any, name: str, raising: bool = True) -> None:
        """Take an attribute away."""
        if hasattr(target, name) or raising:
            before = getattr(target, name)
            delattr(target, name)
            self._undo.append(lambda: setattr(target, name, before))

    def setitem(self, mapping: Any, key: Any, value: Any) -> None:
        """Change an item."""
        before = mapping.get(key, MISSING)
        mapping[key] = value
        self._undo.append(lambda: mapping.pop(key, None) if before is MISSING else mapping.update({key: before}))

    def delitem(self, mapping: Any, key: Any, raising: bool = True) -> None:
        """Take an item away."""
        if key in mapping or raising:
            before = mapping.pop(key)
            self._undo.append(lambda: mapping.update({key: before}))

    def setenv(self, name: str, value: str, prepend: str | None = None) -> None:
        """Change an environment variable, of the program too."""
        before = os.environ.get(name)
        self.setitem(os.environ, name, f"{value}{prepend}{before}" if prepend and before else str(value))

    def delenv(self, name: str, raising: bool = True) -> None:
        """Take an environment variable away."""
        self.delitem(os.environ, name, raising)

    def syspath_prepend(self, _path: Any) -> None:
        """Nothing lies there."""

    def undo(self) -> None:
        """Take everything back."""
        while self._undo:
            self._undo.pop()()

    @contextlib.contextmanager
    def context(self) -> Iterator[MonkeyPatch]:
        """A patch of its own for a block."""
        inner = MonkeyPatch(self._watch)
        try:
            yield inner
        finally:
            inner.undo()


def _resolved(path: str) -> Any:
    import pkgutil

    return pkgutil.resolve_name(path)


class Fixtures:
    """The fixtures that one test asks for, made once and closed after it."""

    def __init__(self, defined: dict[str, Fixture], watch: Watch, instance: Any, exits: contextlib.ExitStack) -> None:
        self.defined = defined
        self.watch = watch
        self.instance = instance
        self.exits = exits
        self.values: dict[str, Any] = {}
        self.params: dict[str, Any] = {}  # of the parametrized fixtures, in this run of the test

    def get(self, name: str) -> Any:
        """The value of a fixture. Raises Unsupported for one that there is not."""
        if name not in self.values:
            self.values[name] = self._make(name)
        return self.values[name]

    def _make(self, name: str) -> Any:
        if name in self.defined:
            return self._own(self.defined[name])
        if name in ("capsys", "capfd"):
            capture = Capture()
            self.exits.enter_context(contextlib.redirect_stdout(capture.out))
            self.exits.enter_context(contextlib.redirect_stderr(capture.err))
            return capture
        if name == "caplog":
            return self.exits.enter_context(Logs.capturing())
        if name == "monkeypatch":
            patch = MonkeyPatch(self.watch)
            self.exits.callback(patch.undo)
            return patch
        raise Unsupported(f"there is no fixture {name!r} in the box")

    def _own(self, fixture: Fixture) -> Any:
        parameters = list(inspect.signature(fixture.function).parameters)
        given = {name: self.get(name) for name in parameters if name not in ("self", "request")}
        if "request" in parameters:
            given["request"] = SimpleNamespace(
                param=self.params.get(fixture.name), addfinalizer=self.exits.callback, getfixturevalue=self.get,
                instance=self.instance, cls=type(self.instance), node=SimpleNamespace(name=fixture.name),
            )  # fmt: skip
        bound = [self.instance] if parameters[:1] == ["self"] else []
        made = fixture.function(*bound, **given)
        if inspect.isgenerator(made):
            value = next(made)
            self.exits.callback(next, made, None)
            return value
        return made
