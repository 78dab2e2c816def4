"""Objects that print as they were written and are equal when they were written alike."""

from __future__ import annotations

import sys
from typing import Any, Self


class Written:
    """Remembers the arguments it was made with.

    >>> class Point(Written):
    ...     def __init__(self, x, *, label=""): ...
    >>> Point(1, label="a"), Point(1) == Point(1), Point(1) == Point(2)
    (Point(1, label='a'), True, False)
    """

    _written_args: tuple[Any, ...]
    _written_kwargs: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.__dict__.update(_written_args=args, _written_kwargs=kwargs)
        return self

    def __copy__(self) -> Self:
        """A shallow copy, also of an object that pickles as a name."""
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __repr__(self) -> str:
        written = [shown(value) for value in self._written_args]
        written += [f"{name}={shown(value)}" for name, value in self._written_kwargs.items()]
        return f"{type(self).__name__}({', '.join(written)})"

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Written)
        return (self._written_args, self._written_kwargs) == (other._written_args, other._written_kwargs)

    def __hash__(self) -> int:
        return hash((type(self), len(self._written_args), *self._written_kwargs))


def shown(value: Any) -> str:
    """The repr of an argument; a model or a tokenizer, whose own would fill pages, is its class and its name.

    >>> shown([1, "a"])
    "[1, 'a']"
    """
    if type(value) in (list, tuple) and any(map(_is_large, value)):
        inside = ", ".join(map(shown, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if type(value) is dict and any(map(_is_large, value.values())):
        return "{" + ", ".join(f"{key!r}: {shown(item)}" for key, item in value.items()) + "}"
    if not _is_large(value):
        return repr(value)
    name = getattr(value, "name_or_path", "") or getattr(getattr(value, "config", None), "_name_or_path", "")
    return f"<{type(value).__name__}{f' {name!r}' if isinstance(name, str) and name else ''}>"


def _is_large(value: Any) -> bool:
    torch, transformers = sys.modules.get("torch"), sys.modules.get("transformers")
    if torch is not None and isinstance(value, (torch.nn.Module, torch.Tensor)):
        return True
    return transformers is not None and hasattr(value, "apply_chat_template")
