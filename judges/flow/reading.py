"""Flows out of completions, which are hostile, and out of columns, which are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import JuryboxError
from ..json.extract import extract
from ..json.strict import Malformed
from ..sample import Sample
from .rigid import Floats

FARTHEST = 1e6  # metres; what is farther away is no point of anything that is moved
NO_FLOW = "not a flow"


class BadFlow(JuryboxError, ValueError):  # noqa: N818 - it says what the completion is
    """A completion is no flow; `reason` is one of the judge's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def flow_of(sample: Sample, shape: tuple[int, ...] | None = None) -> Floats:
    """The flow `(T, N, 3)` that a completion is, or gives as JSON: a list of steps, or an object that has it as "flow".

    Its form is checked before an array is made, for a list of mixed things can become an array of any size.

    shape: what it has to be.

    Raises:
        BadFlow: it is no such flow; text and arrays of any kind come to this, and to no other error.
    """
    given = sample.completion
    if isinstance(given, np.ndarray) or hasattr(given, "__array__"):
        return _checked(_array(given), shape)
    if isinstance(given, (list, tuple)) and not any(isinstance(part, Mapping) for part in given):
        return _checked(_nested(given), shape)
    try:
        value = extract(sample.text, prefer="array").value
    except Malformed as error:
        raise BadFlow(error.problem, error.detail) from None
    except (TypeError, AttributeError) as error:
        raise BadFlow(NO_FLOW, str(error)[:200]) from None
    return _checked(_nested(value.get("flow") if isinstance(value, dict) else value), shape)


def column_flow(value: Any) -> Floats | None:
    """A column's flow `(T, N, 3)`, or None if it is none; points that are not known may be NaN."""
    try:
        flow = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return flow if flow.ndim == 3 and flow.shape[2] == 3 and flow.size else None


def _array(given: Any) -> Floats:
    array = np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise BadFlow(NO_FLOW, f"an array of {array.dtype}")
    return array.astype(np.float64)


def _nested(value: Any) -> Floats:
    if not isinstance(value, (list, tuple)) or not value:
        raise BadFlow(NO_FLOW, "a flow is a list of steps, each a list of points [x, y, z]")
    first = value[0]
    count = len(first) if isinstance(first, (list, tuple)) else 0
    for step in value:
        if not isinstance(step, (list, tuple)) or len(step) != count or not count:
            raise BadFlow(NO_FLOW, "each step is a list of as many points")
        for point in step:
            if not isinstance(point, (list, tuple)) or len(point) != 3 or not all(map(_is_number, point)):
                raise BadFlow(NO_FLOW, "a point is three numbers [x, y, z]")
    try:
        return np.array(value, np.float64)
    except (OverflowError, ValueError):  # a whole number larger than any float
        raise BadFlow("out of range", "a number is too large") from None


def _checked(flow: Floats, shape: tuple[int, ...] | None) -> Floats:
    if flow.ndim != 3 or flow.shape[2] != 3 or not flow.size:
        raise BadFlow(NO_FLOW, f"the shape is {flow.shape}, not (T, N, 3)")
    if shape is not None and flow.shape != shape:
        raise BadFlow("wrong shape", f"{flow.shape} instead of {shape}")
    if not (np.abs(flow) <= FARTHEST).all():
        raise BadFlow("out of range", f"a coordinate is not finite, or farther than {FARTHEST:g} m")
    return flow


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
