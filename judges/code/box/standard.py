"""Names that mean the same on both sides of the wall: builtin classes, and what loaded library modules define."""

from __future__ import annotations

import builtins
import sys
from typing import Any

from .values import BadValue

TESTING = ("unittest", "doctest")  # nothing of these crosses: `mock.ANY` equals everything, `SkipTest` skips a test


def builtin_type(name: object) -> type:
    """A builtin class by its name. Raises BadValue for any other builtin."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type):
        raise BadValue("no builtin class")
    return kind


def library_path(value: Any) -> tuple[str, str] | None:
    """Module and name of a function or class of the standard library."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not callable(value):
        return None
    if not in_library(module):
        return None
    try:
        return (module, name) if library_value(module, name) is value else None
    except BadValue:
        return None


def library_value(module: object, name: object) -> Any:
    """A function or class of a module that is loaded. Raises BadValue where there is none."""
    value = sys.modules.get(str(module))
    for part in str(name).split("."):
        value = getattr(value, part, None)
    if value is None:
        raise BadValue(f"no {module}.{name}")
    return value


def in_library(module: str) -> bool:
    """Whether a module belongs to the standard library, the testing modules excepted."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names and top not in TESTING
