"""For which rows a judge is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, TypeAlias

from .sample import Sample, missing_column

Condition: TypeAlias = Callable[[Mapping[str, Any]], bool] | Mapping[str, Any]


def checked(condition: Any, where: str) -> Condition | None:
    """The condition, or None for a judge that applies to every row.

    Raises:
        TypeError: it is neither a mapping from columns nor callable.
    """
    if condition is None or callable(condition):
        return condition  # type: ignore[no-any-return]
    if isinstance(condition, Mapping) and condition and all(isinstance(column, str) for column in condition):
        return condition
    raise TypeError(
        f"{where}: a condition is a mapping such as {{'task': {{'math', 'code'}}}} or a predicate over the row's "
        f"columns, not {condition!r:.80}"
    )


def columns_of(condition: Condition | None) -> tuple[str, ...]:
    """The columns that a condition is known to read; a predicate does not tell."""
    return tuple(condition) if isinstance(condition, Mapping) else ()


def holds_for(condition: Condition | None, sample: Sample, judge: str) -> bool:
    """Whether a judge with this condition applies to a row.

    Raises:
        MissingColumn: a predicate reads a column that the batch does not have.
    """
    if condition is None:
        return True
    if isinstance(condition, Mapping):
        return all(_agrees(sample[column], wanted) for column, wanted in condition.items())
    row = sample.columns
    try:
        return bool(condition(row))
    except KeyError as error:
        if error.args and isinstance(error.args[0], str) and error.args[0] not in row:
            raise missing_column(f"the condition of {judge}", error.args[0], row) from None
        raise


def _agrees(value: Any, wanted: Any) -> bool:
    return bool(value in wanted if isinstance(wanted, (Set, list, tuple)) else value == wanted)
