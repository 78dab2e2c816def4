"""One completion with what belongs to it: the row a judge reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from .completion import completion_text, prompt_text


class MissingColumn(KeyError, ValueError):  # noqa: N818
    """A judge reads a column that the batch does not have."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show its message in quotes


def missing_column(reader: str, column: str, given: Iterable[str]) -> MissingColumn:
    """The error that names what is missing and what there is."""
    has = ", ".join(sorted(given)) or "none"
    return MissingColumn(f"{reader} reads the column {column!r}, which the batch does not have (it has: {has})")


class Sample:
    """One completion, its prompt, and its row of the data set's columns.

    Attributes:
        text: the completion as text (see `completion_text`).
        completion: the completion as it was handed over: a string or a list of messages.
        prompt: the prompt as it was handed over, or None.
        row: its place in the batch, for messages.

    `sample["solution"]` is this row's value of a column; `sample.columns` all of them.
    """

    __slots__ = ("_index", "_table", "completion", "prompt", "row", "text")

    def __init__(
        self, completion: Any, prompt: Any, table: Mapping[str, Sequence[Any]], index: int, row: int | None = None
    ) -> None:
        self.text = completion if type(completion) is str else completion_text(completion)
        self.completion = completion
        self.prompt = prompt
        self._table = table
        self._index = index
        self.row = index if row is None else row

    def __getitem__(self, column: str) -> Any:
        return self._table[column][self._index]

    def get(self, column: str, default: Any = None) -> Any:
        """This row's value of a column, or `default` when there is no such column."""
        values = self._table.get(column)
        return default if values is None else values[self._index]

    @property
    def columns(self) -> dict[str, Any]:
        """This row as a mapping from column to value."""
        return {name: values[self._index] for name, values in self._table.items()}

    @property
    def prompt_text(self) -> str:
        """The prompt as text; empty when there is none."""
        return prompt_text(self.prompt)

    def key(self, columns: Iterable[str]) -> Hashable:
        """What makes two rows the same question to a judge that reads these columns."""
        return (self.text, *(_frozen(self.get(column)) for column in columns))

    def __reduce__(self) -> tuple[Any, ...]:
        return Sample, (
            self.completion,
            self.prompt,
            {name: [value] for name, value in self.columns.items()},
            0,
            self.row,
        )


def samples_of(completions: Sequence[Any], prompts: Sequence[Any] | None, columns: Mapping[str, Any]) -> list[Sample]:
    """The rows of a batch.

    Raises:
        TypeError: `completions` is one string, or a completion is neither text nor messages (the row is named).
        ValueError: a column has another length than `completions`.
    """
    if isinstance(completions, (str, Mapping)):
        raise TypeError("completions is a list, one entry per completion; for a single completion call `verdict`")
    count = len(completions)
    if prompts is not None and len(prompts) != count:
        raise ValueError(f"there are {count} completions but {len(prompts)} prompts")
    for name, values in columns.items():
        if not _is_column(values):
            raise TypeError(f"column {name!r} must be a list with one value per completion, not {values!r:.60}")
        if len(values) != count:
            raise ValueError(f"column {name!r} has {len(values)} values for {count} completions")
    samples = []
    for row, completion in enumerate(completions):
        try:
            samples.append(Sample(completion, prompts[row] if prompts is not None else None, columns, row))
        except (TypeError, AttributeError) as error:
            raise TypeError(f"row {row}: {error}") from error
    return samples


def protocol_columns(keywords: Mapping[str, Any], completion_ids: Sequence[Any] | None) -> dict[str, Any]:
    """The data set's columns among the keyword arguments of a trainer, which may pass other things beside them."""
    columns = {name: values for name, values in keywords.items() if _is_column(values)}
    return columns if completion_ids is None else {**columns, "completion_ids": completion_ids}


def _is_column(values: Any) -> bool:
    return (
        hasattr(values, "__getitem__") and hasattr(values, "__len__") and not isinstance(values, (str, bytes, Mapping))
    )


def _frozen(value: Any) -> Hashable:
    """A hashable stand-in for a value: equal stand-ins mean equal values of equal types."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return value if type(value) is str else (type(value), value)
    if isinstance(value, Mapping):
        return ("mapping", *((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_frozen, value))
    return _Itself(value)


class _Itself:
    """A key that equals only the key of the very same object.

    It keeps the object alive: an array column makes a new scalar at each look-up, and a bare `id` would be given to
    the next one as soon as the first is gone.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)
