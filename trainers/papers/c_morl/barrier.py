r"""Stage 2: raise objective i while every other objective j stays above its threshold, by a log barrier.

    maximise J_i(π)   subject to   J_j(π) ≥ th_j = J_j^r − (1−β)|J_j^r|,   j ≠ i

    loss form        −mean_b min(ρ a^i, clip(ρ) a^i)  −  (1/t) Σ_{j≠i} log max(mean_b clip(ρ) G_bj − th_j, floor)
    advantage form   reward weights  c_i = 1,  c_j = 1 / (t · max(J_j − th_j, floor)),  then the usual advantage

th is frozen at the parent's evaluated value J^r; it is β J^r where that is positive, and a real relaxation where it is
negative. The second is the gradient of the first at ρ = 1. At the floor they differ: there the logarithm is constant
and silent, and the weight is at its largest, so that a broken constraint is mended first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ....judges.options import one_of
from ...objectives import clipped_surrogate, require_equal_shapes, require_finite, require_within, standardize
from ...objectives import whole_batch as one_group

Mode = Literal["library", "official", "official_column_fixed"]
BETA, T, SLACK_FLOOR = 0.9, 20.0, 1e-3


def thresholds(parent_value: Tensor, beta: float = BETA) -> Tensor:
    """th = J^r − (1−β)|J^r| of every objective, `(m,)`.

    >>> thresholds(torch.tensor([2.0, -2.0]), 0.75)
    tensor([ 1.5000, -2.5000])

    Raises:
        ValueError: β outside [0, 1], or a value that is not finite.
    """
    require_within(0.0, 1.0, beta=beta)
    require_finite(parent_value=parent_value)
    return parent_value - (1 - beta) * parent_value.abs()


@dataclass(frozen=True, eq=False)
class IPOLoss:
    """`loss` = `surrogate` + `barrier`, each a number with its minus sign."""

    loss: Tensor
    surrogate: Tensor
    barrier: Tensor


def ipo_loss(
    logp: Tensor,
    old_logp: Tensor,
    advantage: Tensor,
    returns: Tensor,
    parent_value: Tensor,
    objective: int,
    *,
    beta: float = BETA,
    t: float = T,
    clip: float = 0.2,
    mode: Mode = "library",
    slack_floor: float = SLACK_FLOOR,
) -> IPOLoss:
    """The interior-point loss of a minibatch of B samples.

    logp, old_logp, advantage: `(B,)`, the advantage standardised and of objective i alone. returns: `(B, m)`.
    parent_value: `(m,)` J^r. objective: i.
    mode: "library" as above. "official" is the authors' program: the threshold is β times the *minibatch's* mean
        return, the barrier is on the mean return in every sample and averaged, and batch *row* i is left out of it
        instead of objective i. "official_column_fixed" leaves out the objective.

    Raises:
        ValueError: shapes that differ, an objective that there is not, β, t, clip or slack_floor out of range.
    """
    require_equal_shapes(logp=logp, old_logp=old_logp, advantage=advantage, samples=returns[:, 0])
    one_of("mode", mode, get_args(Mode))
    others = other_objectives(objective, returns.shape[1])
    require_barrier(t, slack_floor)
    require_within(0.0, 1.0, clip=clip)
    ratio = (logp - old_logp.detach()).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    surrogate = clipped_surrogate(ratio, advantage.detach(), clip, clip).mean()
    returns = returns.detach()
    if mode == "library":
        threshold = thresholds(parent_value.to(returns), beta)
        barrier = log_barrier(clipped, returns[:, others], threshold[others], t=t, slack_floor=slack_floor)
    else:
        mean = returns.mean(0)
        slack = (clipped.unsqueeze(1) * mean - beta * mean).clamp(min=slack_floor)
        kept = slack[:, others] if mode == "official_column_fixed" else _without_row(slack, objective)
        barrier = -kept.log().mean() / t
    return IPOLoss(surrogate + barrier, surrogate, barrier)


def log_barrier(
    ratio: Tensor, returns: Tensor, threshold: Tensor, *, t: float = T, slack_floor: float = SLACK_FLOOR
) -> Tensor:
    """−(1/t) Σ_j log max(mean_b ρ_b G_bj − th_j, floor), of the objectives that are constraints.

    ratio: `(B,)`, already clipped, with gradient. returns: `(B, k)`, NaN where there is none: it is left out of the
    mean, and an objective without any out of the sum. threshold: `(k,)`.
    """
    scored = ~returns.isnan()
    weighed = torch.where(scored, ratio.unsqueeze(1) * returns.nan_to_num(), 0.0)
    slack = weighed.sum(0) / scored.sum(0).clamp(min=1) - threshold
    logs = slack.clamp(min=slack_floor).log()
    return -torch.where(scored.any(0), logs, 0.0).sum() / t


def _without_row(x: Tensor, row: int) -> Tensor:
    return torch.cat([x[:row], x[row + 1 :]])


@dataclass(frozen=True, eq=False)
class BarrierWeights:
    """`J` (NaN where nothing was scored), `threshold`, `slack` (not below the floor) and `weights`, all `(m,)`."""

    J: Tensor
    threshold: Tensor
    slack: Tensor
    weights: Tensor


def barrier_weights(
    J: Tensor,
    threshold: Tensor,
    objective: int,
    *,
    t: float = T,
    slack_floor: float = SLACK_FLOOR,
) -> BarrierWeights:
    """c_i = 1 and c_j = 1/(t · slack_j), from the present value J of every objective; 0 where J is unknown (NaN)."""
    require_equal_shapes(J=J, threshold=threshold)
    require_barrier(t, slack_floor)
    other_objectives(objective, len(J))
    slack = (J - threshold).clamp(min=slack_floor)
    weights = (1 / (t * slack)).nan_to_num(nan=0.0)
    weights[objective] = 1.0
    return BarrierWeights(J, threshold, slack, weights)


@dataclass(frozen=True, eq=False)
class WeighedRewards(BarrierWeights):
    """The same with the `advantage` `(B,)` that the weights give."""

    advantage: Tensor


def barrier_reward_weights(
    rewards: Tensor,
    objective: int,
    parent_value: Tensor,
    *,
    beta: float = BETA,
    t: float = T,
    slack_floor: float = SLACK_FLOOR,
    std_eps: float = 1e-4,
) -> WeighedRewards:
    """The advantage form on B rows that are one group: J is their mean reward, x = Σ_j c_j r_j is standardised.

    rewards: `(B, m)`, NaN where a function abstained: that is left out of J, and counts 0 in the sum as in TRL.
    A row without any reward gets advantage 0.

    Raises:
        ValueError: as `ipo_loss`.
    """
    if rewards.isinf().any():
        raise ValueError("rewards must be finite, or NaN where there is none")
    found = barrier_weights(
        rewards.nanmean(0), thresholds(parent_value.to(rewards), beta), objective, t=t, slack_floor=slack_floor
    )
    total = (found.weights * rewards).nansum(1).masked_fill(rewards.isnan().all(1), torch.nan)
    advantage = standardize(total, one_group(total), eps=std_eps).nan_to_num(nan=0.0)
    return WeighedRewards(**vars(found), advantage=advantage)


def other_objectives(objective: int, m: int) -> Sequence[int]:
    """All objectives but one.

    Raises:
        ValueError: there is no such objective.
    """
    if not 0 <= objective < m:
        raise ValueError(f"objective={objective}: give one of the {m} objectives, 0 to {m - 1}")
    return [j for j in range(m) if j != objective]


def require_barrier(t: float, slack_floor: float) -> None:
    """Raise ValueError unless both are above 0: t divides (infinity is no barrier), and the floor has a logarithm."""
    for name, number in {"t": t, "slack_floor": slack_floor}.items():
        if not number > 0:
            raise ValueError(f"{name}={number}: give a number above 0")
    if slack_floor == math.inf:
        raise ValueError(f"slack_floor={slack_floor}: give a small number")
