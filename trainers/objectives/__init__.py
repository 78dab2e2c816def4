"""Pure functions of tensors that objectives are made of. They need no trainer and no TRL."""

from .aggregate import Aggregation, aggregate, masked_mean
from .distributions import Categorical, Gaussian
from .gae import GAE, gae, token_gae, vector_gae
from .groups import GroupStats, consecutive_groups, group_stats, standardize, whole_batch
from .kl import kl_k1, kl_k2, kl_k3
from .processes import sum_over_processes
from .require import require_distribution, require_equal_shapes, require_finite, require_within
from .surrogate import (
    ClippedLoss,
    Level,
    clipped_surrogate,
    clipped_token_mean,
    clipped_tokens,
    importance_ratio,
)
from .whiten import whiten

__all__ = [
    "GAE",
    "Aggregation",
    "Categorical",
    "ClippedLoss",
    "Gaussian",
    "GroupStats",
    "Level",
    "aggregate",
    "clipped_surrogate",
    "clipped_token_mean",
    "clipped_tokens",
    "consecutive_groups",
    "gae",
    "group_stats",
    "importance_ratio",
    "kl_k1",
    "kl_k2",
    "kl_k3",
    "masked_mean",
    "require_distribution",
    "require_equal_shapes",
    "require_finite",
    "require_within",
    "standardize",
    "sum_over_processes",
    "token_gae",
    "vector_gae",
    "whiten",
    "whole_batch",
]
