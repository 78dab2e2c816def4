"""One completion with what belongs to it: the row a judge reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from .completion import completion_text, prompt_text
from .conversation import Message, ToolCall, Turn, messages_of, turns_of
from .errors import NotText, Told

READABLE = ("text", "messages", "turns", "tool_calls", "completion", "prompt", "prompt_text")
DEEPEST = 40  # levels of a value that are compared one by one; a deeper one is equal only to itself


class MissingColumn(Told, KeyError, ValueError):  # noqa: N818
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
        completion: the completion as it was handed over: a string, a list of messages, or what is no text at all (an
            array, an episode), which only judges that read it as it is can be asked about.
        prompt: the prompt as it was handed over, or None.
        row: its place in the batch, for messages.

    `sample["solution"]` is this row's value of a column; `sample.columns` all of them.
    """

    __slots__ = ("_index", "_table", "_text", "completion", "prompt", "row")

    def __init__(
        self, completion: Any, prompt: Any, table: Mapping[str, Sequence[Any]], index: int, row: int | None = None
    ) -> None:
        self._text = completion if type(completion) is str else None
        self.completion = completion
        self.prompt = prompt
        self._table = table
        self._index = index
        self.row = index if row is None else row

    @property
    def text(self) -> str:
        """The completion as text (see `completion_text`).

        Raises:
            NotText: it is neither text nor messages; the message names the row.
        """
        if self._text is None:
            try:
                self._text = completion_text(self.completion)
            except (TypeError, AttributeError) as error:
                raise NotText(f"row {self.row}: {error}") from error
        return self._text

    @property
    def messages(self) -> list[Message]:
        """The completion as messages, always a list; a text is one message of the assistant.

        Raises:
            NotText: it is neither text nor messages; the message names the row.
        """
        try:
            return messages_of(self.completion)
        except TypeError as error:
            raise NotText(f"row {self.row}: {error}") from error

    @property
    def turns(self) -> list[Turn]:
        """The model's messages, each with its calls of tools and what came back."""
        return turns_of(self.messages)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of tools in all turns, in order."""
        return [call for turn in self.turns for call in turn.tool_calls]

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

    def key(self, columns: Iterable[str], reads: Iterable[str] = ("text",)) -> Hashable:
        """What makes two rows the same question to a judge that reads these columns, and so much of the completion.

        reads: see `Judge.reads`. Arrays and other objects equal only themselves.
        """
        return (*map(self._read, reads), *(_frozen(self.get(column)) for column in columns))

    def _read(self, what: str) -> Hashable:
        if what in ("text", "prompt_text"):
            return str(getattr(self, what))
        if what in ("completion", "prompt"):
            return _frozen(getattr(self, what))
        return _frozen(self.messages)  # turns and tool calls are made of messages, at every call anew

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
        TypeError: `completions` is one string or mapping.
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
    return [
        Sample(completion, prompts[row] if prompts is not None else None, columns, row)
        for row, completion in enumerate(completions)
    ]


def reads_of(given: str | Iterable[str], judge: str) -> tuple[str, ...]:
    """What a judge says it reads, as a tuple.

    Raises:
        ValueError: something that no row has.
    """
    reads = (given,) if isinstance(given, str) else tuple(given)
    strange = [what for what in reads if what not in READABLE]
    if strange:
        raise ValueError(f"{judge} reads {strange[0]!r}, but reads is one or more of {', '.join(READABLE)}")
    return reads


def protocol_columns(keywords: Mapping[str, Any], completion_ids: Sequence[Any] | None) -> dict[str, Any]:
    """The data set's columns among the keyword arguments of a trainer, which may pass other things beside them."""
    columns = {name: values for name, values in keywords.items() if _is_column(values)}
    return columns if completion_ids is None else {**columns, "completion_ids": completion_ids}


def _is_column(values: Any) -> bool:
    return (
        hasattr(values, "__getitem__") and hasattr(values, "__len__") and not isinstance(values, (str, bytes, Mapping))
    )


def _frozen(value: Any, depth: int = DEEPEST) -> Hashable:
    """A hashable stand-in for a value: equal stand-ins mean equal values of equal types."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return value if type(value) is str else (type(value), value)
    if depth and isinstance(value, Mapping):
        return ("mapping", *((_frozen(key, 0), _frozen(item, depth - 1)) for key, item in value.items()))
    if depth and isinstance(value, (list, tuple)):
        return (type(value), *(_frozen(item, depth - 1) for item in value))
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
