"""TSPO's loss: frame selections of one video compared within their group.

ρ_i = mean_{t in S_i} exp( lp[t] − sg(lp[t]) )        lp = log softmax(s), without the noise
A_i = (R_i − mean R) / (std R + 1e-4)                 sample standard deviation
L   = −(1/G) Σ_i ρ_i A_i
∂L/∂s[t] = −(1/G) Σ_i A_i ( 1[t in S_i]/k − softmax(s)[t] )
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ....judges.options import one_of

Likelihood = Literal["marginal", "plackett_luce"]
EPS = 1e-4


def tspo_advantages(rewards: Tensor) -> Tensor:
    """A `(G,)`; a selection whose reward is NaN is in no mean and has advantage 0; all equal, all 0."""
    known = ~rewards.isnan()
    if known.sum() < 2:
        return torch.zeros_like(rewards)
    scored = rewards[known]
    return torch.where(known, (rewards - scored.mean()) / (scored.std() + EPS), 0.0).nan_to_num()


def tspo_loss(
    logits: Tensor, selected: Tensor, rewards: Tensor, *, likelihood: Likelihood = "marginal"
) -> tuple[Tensor, Tensor]:
    """Loss and advantages of a group.

    Args:
        logits: s `(T,)`, with gradient.
        selected: `(G, k)` frames; for "plackett_luce" in the order in which they were drawn.
        rewards: `(G,)`.
        likelihood: "marginal", the mean of the frames' probabilities as in the released code, or "plackett_luce", the
            probability of drawing these frames one after the other.

    The value is 0 up to rounding, as the advantages' mean is; its gradient is not.
    """
    one_of("likelihood", likelihood, get_args(Likelihood))
    advantages = tspo_advantages(rewards)
    if likelihood == "marginal":
        lp = logits.log_softmax(-1)[selected]
        ratio = (lp - lp.detach()).exp().mean(1)
    else:
        lp = plackett_luce(logits, selected)
        ratio = (lp - lp.detach()).exp()
    return -(ratio * advantages).mean(), advantages


def plackett_luce(logits: Tensor, drawn: Tensor) -> Tensor:
    """log P of drawing frames `(G, k)` in this order without replacement: Σ s[t] − log Σ over those not yet drawn."""
    left = torch.zeros(len(drawn), len(logits), dtype=torch.bool)
    total = logits.new_zeros(len(drawn))
    for place in range(drawn.shape[1]):
        now = drawn[:, place]
        total = total + logits[now] - torch.where(left, -torch.inf, logits[None]).logsumexp(-1)
        left = left.scatter(1, now[:, None], value=True)
    return total
