"""Before the first generation, which takes minutes: can what the data set holds be judged at all?"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...judges.preflight import HANDED_OVER, PreflightError
from ...judges.sample import MissingColumn, missing_column

ROWS = 256  # of the data set: enough to see a wrong column, and soon done


def each_dataset(*datasets: Any) -> Iterator[Any]:
    """The data sets of a trainer, which may be None, one, or several by name."""
    for dataset in datasets:
        if isinstance(dataset, Mapping):
            yield from dataset.values()
        elif dataset is not None:
            yield dataset


def require_columns(
    reward_funcs: Iterable[Any], columns: Iterable[str], dataset: Any, *, every_column: bool = True
) -> None:
    """See that a data set has what rewards and objective read; a stream that does not say is believed.

    columns: of the objective, which no rollout adds. every_column: see `look_ahead`.

    Raises:
        MissingColumn: it lacks one; the message says who reads it and what there is.
    """
    names = getattr(dataset, "column_names", None)
    if not isinstance(names, list):
        return
    for column in columns:
        if column not in names:
            raise missing_column("the objective", column, names)
    for reward in reward_funcs if every_column else ():
        if (require := getattr(reward, "require", None)) is not None:
            require({*names, *HANDED_OVER})


def require_distinct_names(reward_funcs: Sequence[Any], names: Sequence[str]) -> None:
    """Two rewards of one name would be one line in the log, the mean of both.

    Raises:
        ValueError: one of them is a judge or a reward expression, which can be given a name.
    """
    counts = Counter(names)
    for reward, name in zip(reward_funcs, names, strict=True):
        if counts[name] > 1 and hasattr(reward, "named"):
            raise ValueError(
                f"{counts[name]} reward functions are called {name!r}, and the log would mix them: "
                'tell them apart with .named("…")'
            )


def look_ahead(reward_funcs: Iterable[Any], dataset: Any, *, every_column: bool = True) -> None:
    """Run `preflight` of the rewards that have one over the first rows of a data set.

    every_column: whether all columns come from the data set; else a rollout may add some, and none is missed yet.

    Raises:
        MissingColumn: the data set lacks a column that a judge reads.
        PreflightError: a judge can judge none of the rows. When it is some of them only, that is a warning: those rows
            abstain.
    """
    if dataset is None or isinstance(dataset, dict):
        return
    for reward in reward_funcs:
        preflight = getattr(reward, "preflight", None)
        if preflight is None:
            continue
        try:
            preflight(dataset, ROWS)
        except MissingColumn:
            if every_column:
                raise
        except PreflightError as error:
            if any(len(rows) == error.rows for rows in error.findings.values()):
                raise
            warnings.warn(str(error), UserWarning, stacklevel=3)
