r"""Stage 1: the advantage of one weighting of the objectives, from a critic of all of them.

    δ_t = r_t + γ v_{t+1} n_t − v_t,   A_t = δ_t + γ λ n_t A_{t+1}        vectors in R^m
    a_t = w · A_t,                     (a − mean a) / (std a + 1e-5)       over the whole batch

Scalarised first and standardised then: the other order would measure objectives in units of their own noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...objectives import gae, standardize, whole_batch
from .points import as_weights

STD_EPS = 1e-5


@dataclass(frozen=True, eq=False)
class ScalarisedGAE:
    """`vector_gae` `(T, m)`; `advantage` `(T,)`, weighted and standardised."""

    vector_gae: Tensor
    advantage: Tensor


def scalarised_gae(
    rewards: Tensor,
    values: Tensor,
    next_value: Tensor,
    not_done: Tensor,
    weights: Tensor,
    *,
    gamma: float = 0.995,
    lam: float = 0.95,
    std_eps: float = STD_EPS,
) -> ScalarisedGAE:
    """Vector advantages of T steps of one environment, and the scalar one of a weighting.

    rewards, values: `(T, m)`. next_value: `(m,)` after the last step. not_done: `(T,)`, 0 where step t ended an
    episode. weights: `(m,)`.

    Raises:
        ValueError: shapes that differ, γ or λ outside [0, 1], weights that are negative or do not sum to 1.
    """
    as_weights(weights.tolist(), rewards.shape[-1])
    starts = torch.cat([torch.zeros_like(not_done[:1]), 1 - not_done[:-1]])
    vector = gae(rewards, values, next_value * not_done[-1], starts, gamma=gamma, lam=lam).adv
    return ScalarisedGAE(vector, standardised(vector @ weights.to(vector), std_eps))


def standardised(advantage: Tensor, std_eps: float = STD_EPS) -> Tensor:
    """(a − mean) / (unbiased std + eps) over all elements; 0 where there is nothing to compare with."""
    flat = advantage.flatten()
    return standardize(flat, whole_batch(flat), eps=std_eps).nan_to_num(nan=0.0).view_as(advantage)
