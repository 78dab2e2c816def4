"""How close a flow is to the one it should be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..judge import Judge
from ..options import finite
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from .consistency import flow_consistency
from .reading import BadFlow, column_flow, flow_of
from .rigid import Floats, rigidity


class FlowConsistencyJudge(Judge):
    """Scores how close the points of a flow stay to those of the target: exp(−ADE / τ).

    >>> target = [[[0.0, 0.0, 0.5]], [[0.1, 0.0, 0.5]]]
    >>> FlowConsistencyJudge().verdict("[[[0, 0, 0.5]], [[0.1, 0, 0.5]]]", flow=target)
    Verdict(1.0, 'compared', ade=0.0, fde=0.0, rigidity=0.0)

    The completion is an array `(T, N, 3)` in metres, or text with such a list as JSON (in a fence, or the last one), or
    an object that has it as "flow". It must have the target's shape. With a target that was predicted and a completion
    that was measured this says how far an execution followed; the other way round, how good a prediction is. It passes
    where the mean distance is at most τ. `rigidity` is what is left of the completion's motion when the best rigid one
    is taken off each step: large where nothing rigid could move so.

    Reasons: "compared"; of a score of 0 "not a flow", "wrong shape", "out of range" (a coordinate that is not finite,
    or farther than 1000 km), and what can be wrong with JSON (see `JSONJudge`). Of no score: "unusable flow", "unusable
    visibility", "nothing visible" (the row's fault).

    Args:
        tau: the mean distance in metres at which the score is 1/e; best a share of the object's size.
        column: the column with the target `(T, N, 3)`; a point that is not finite there does not count.
        visibility: the column with weights `(T, N)`, which need not be there; by default every point counts.

    Raises:
        ValueError: a tau that is not positive.
    """

    reads = "completion"
    threshold = math.exp(-1) * (1 - 1e-12)

    def __init__(self, *, tau: float = 0.05, column: str = "flow", visibility: str = "visibility") -> None:
        if finite(tau, "tau") <= 0:
            raise ValueError(f"tau={tau!r}: give a distance above 0, in metres")
        self.tau = float(tau)
        self.columns, self.optional = (column,), (visibility,)

    def _unusable(self, sample: Sample) -> str:
        wanted = self._wanted(sample)
        return skipped(wanted) if isinstance(wanted, Verdict) else ""

    def _wanted(self, sample: Sample) -> tuple[Floats, Floats] | Verdict:
        """The target and its weights; or why there are none."""
        target = column_flow(sample[self.columns[0]])
        if target is None:
            return Verdict(None, "skipped", "unusable flow")
        weights = _weights(sample.get(self.optional[0]), target.shape[:2])
        if weights is None:
            return Verdict(None, "skipped", "unusable visibility")
        weights = np.where(np.isfinite(target).all(2), weights, 0.0)
        return (target, weights) if weights.any() else Verdict(None, "skipped", "nothing visible")

    def _judge(self, sample: Sample) -> Verdict:
        wanted = self._wanted(sample)
        if isinstance(wanted, Verdict):
            return wanted
        target, weights = wanted
        try:
            flow = flow_of(sample, target.shape)
        except BadFlow as error:
            return Verdict(0.0, reason=error.reason, evidence={"detail": error.detail})
        found = flow_consistency(target, flow, weights, self.tau)
        evidence = {"ade": round(found.ade, 9), "rigidity": round(rigidity(flow), 6)}
        if not math.isnan(found.fde):
            evidence = {"ade": evidence["ade"], "fde": round(found.fde, 9), "rigidity": evidence["rigidity"]}
        return Verdict(found.score or 0.0, reason="compared", evidence=evidence)


def _weights(value: Any, shape: tuple[int, ...]) -> Floats | None:
    if value is None:
        return np.ones(shape)
    try:
        weights = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return weights if weights.shape == shape and np.isfinite(weights).all() and (weights >= 0).all() else None
