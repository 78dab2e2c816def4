"""Objects that print as they were written and are equal when they were written alike."""

from __future__ import annotations

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
        written = [repr(value) for value in self._written_args]
        written += [f"{name}={value!r}" for name, value in self._written_kwargs.items()]
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
