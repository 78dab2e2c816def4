"""Worst cases: the least mean that a distribution near the nominal one can give, and a reward node made of it."""

from .aggregate import RobustAggregate, robust_judge_aggregate
from .expectation import Divergence, RobustExpectation, robust_expectation, robust_regularised
from .node import Robust, robust

__all__ = [
    "Divergence",
    "Robust",
    "RobustAggregate",
    "RobustExpectation",
    "robust",
    "robust_expectation",
    "robust_judge_aggregate",
    "robust_regularised",
]
