"""Before step 1: can what the data set holds be judged at all?"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from ...judges.preflight import PreflightError
from ...judges.sample import MissingColumn

ROWS = 256  # of the data set: enough to see a wrong column, and soon done


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
