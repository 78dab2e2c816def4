"""What tests import as `pytest`: the part of it that needs no files, no plugins and no second run.

The real one reads its configuration, rewrites and caches test files and looks for plugins, none of which a box without
files allows. A fixture or mark that is missing here is a fault of the test, never of the program.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import re
import sys
import warnings as library_warnings
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from .peer import LinkClosed


class Unsupported(Exception):  # noqa: N818 - the name says what happened
    """The test needs something that the box does not have."""


class Failed(AssertionError):  # noqa: N818 - as pytest calls it
    """`pytest.fail`, and `pytest.raises` that saw nothing."""


class Skipped(BaseException):
    """`pytest.skip`. Only the test's own process can raise it."""


def fail(reason: str = "", pytrace: bool = True, msg: str = "") -> None:
    """Fail the test."""
    raise Failed(reason or msg)


def skip(reason: str = "", **_options: Any) -> None:
    """Skip the test."""
    raise Skipped(reason)


class ExceptionInfo:
    """What `raises` caught."""

    def __init__(self) -> None:
        self.value: Any = None

    @property
    def type(self) -> Any:
        return type(self.value)

    @property
    def tb(self) -> Any:
        return self.value.__traceback__

    typename = property(lambda self: type(self.value).__name__)

    def match(self, pattern: str) -> bool:
        """Whether the text matches, as an assertion."""
        assert re.search(pattern, str(self.value)), f"{pattern!r} does not match {str(self.value)!r}"
        return True

    def __str__(self) -> str:
        return repr(self)


class Raises:
    """`with raises(ValueError, match="…") as info`, or `raises(ValueError, function, *args)`."""

    def __init__(self, expected: Any, match: str | None = None) -> None:
        self.expected, self.match = expected, match
        self.info = ExceptionInfo()

    def __enter__(self) -> ExceptionInfo:
        return self.info

    def __exit__(self, kind: Any, error: Any, _traceback: Any) -> bool:
        if error is None:
            raise Failed(f"did not raise {self.expected}")
        if isinstance(error, LinkClosed) or not isinstance(error, self.expected):
            return False
        self.info.value = error
        if self.match is not None:
            self.info.match(self.match)
        return True


def raises(expected: Any, *call: Any, match: str | None = None, **kwargs: Any) -> Any:
    """Expect an exception of a class, or of one of several."""
    if not call:
        return Raises(expected, match)
    with Raises(expected) as info:
        call[0](*call[1:], **kwargs)
    return info


@contextlib.contextmanager
def warns(expected: Any = Warning, *, match: str | None = None) -> Iterator[Any]:
    """Expect a warning."""
    with library_warnings.catch_warnings(record=True) as caught:
        library_warnings.simplefilter("always")
        yield caught
    kept = [one for one in caught if issubclass(one.category, expected)]
    if not any(match is None or re.search(match, str(one.message)) for one in kept):
        raise Failed(f"did not warn with {expected}")


class Approx:
    """A number, or a collection of numbers, that is near enough; the greater tolerance counts."""

    __array_ufunc__ = None  # an array on the left leaves the comparison to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, actual: object) -> bool:
        return self._near(actual, self.expected)

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"

    def _near(self, actual: Any, expected: Any) -> bool:
        actual, expected = _plain(actual), _plain(expected)
        if isinstance(expected, dict):
            same = isinstance(actual, dict) and actual.keys() == expected.keys()
            return same and all(self._near(actual[key], value) for key, value in expected.items())
        if isinstance(expected, (list, tuple)):
            same = isinstance(actual, (list, tuple)) and len(actual) == len(expected)
            return same and all(map(self._near, actual, expected))
        numbers = isinstance(actual, (int, float, complex)) or type(actual).__name__ in ("Decimal", "Fraction")
        if not numbers or isinstance(actual, bool) or not hasattr(expected, "__sub__") or isinstance(expected, bool):
            return bool(type(actual) is type(expected) and actual == expected)
        if actual == expected:
            return True
        if isinstance(expected, float) and math.isnan(expected):
            return self.nan_ok and isinstance(actual, float) and math.isnan(actual)
        absolute = 1e-12 if self.abs is None else float(self.abs)
        relative = (1e-6 if self.rel is None else float(self.rel)) * abs(complex(expected))
        tolerance = absolute if self.abs is not None and self.rel is None else max(absolute, relative)
        distance = abs(complex(actual) - complex(expected))
        return bool(distance <= tolerance < math.inf)


def _plain(value: Any) -> Any:
    return value.tolist() if type(value).__module__ == "numpy" else value


class Fixture:
    """A function marked as fixture."""

    def __init__(self, function: Callable[..., Any], params: Any, autouse: bool, name: str | None) -> None:
        self.function, self.autouse = function, autouse
        self.params = None if params is None else list(params)
        self.name = name or function.__name__


def fixture(function: Any = None, *, params: Any = None, autouse: bool = False, name: Any = None, **_rest: Any) -> Any:
    """Mark a function as fixture."""
    if function is None:
        return lambda decorated: Fixture(decorated, params, autouse, name)
    return Fixture(function, params, autouse, name)


def param(*values: Any, id: Any = None, marks: Any = ()) -> Any:
    """One set of parameters; its marks may skip it."""
    marks = marks if isinstance(marks, (list, tuple)) else (marks,)
    return SimpleNamespace(_jurybox_values=values, skipped=any(mark.skips() for mark in marks))


class Mark:
    """A mark: `parametrize`, `skip`, `skipif`, `usefixtures` and `xfail` mean something, others nothing."""

    def __init__(self, name: str, args: tuple[Any, ...] = (), kwargs: Any = None) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs or {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and (inspect.isfunction(args[0]) or inspect.isclass(args[0])):
            marked: Any = args[0]
            marked._jurybox_marks = [*getattr(marked, "_jurybox_marks", ()), self]
            return marked
        return Mark(self.name, args, kwargs)

    def skips(self) -> bool:
        """Whether what is marked so does not run."""
        return self.name in ("skip", "xfail") or (self.name == "skipif" and bool(self.args and self.args[0]))


class _Marks:
    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


def importorskip(name: str, **_options: Any) -> Any:
    """A module, or no test."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skipped(name) from None


def install() -> ModuleType:
    """Make `import pytest` find this."""
    module = ModuleType("pytest")
    module.__dict__.update(
        raises=raises, warns=warns, deprecated_call=lambda: warns(DeprecationWarning), approx=Approx, fixture=fixture,
        mark=_Marks(), param=param, fail=fail, skip=skip, importorskip=importorskip, main=lambda *_args, **_kwargs: 0,
        exit=skip, __version__="8.0.0", Item=object, ExceptionInfo=ExceptionInfo,
    )  # fmt: skip
    sys.modules["pytest"] = module
    return module
