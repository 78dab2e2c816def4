"""An attribute that has another value for the time of a call into TRL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def while_set(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute, and set it back."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
