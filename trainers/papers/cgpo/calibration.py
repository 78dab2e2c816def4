"""What the three optimizers share: the calibrated reward, and which rows may be used at all.

Rewards and labels are tensors of floating point numbers, NaN = missing. A label y is 1 (every judge that applies is
satisfied), 0 (some judge is not) or NaN (nobody knows: a judge failed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ...objectives.require import require_equal_shapes

Unknown = Literal["leave out", "violated"]
Denominator = Literal["kept", "all"]


def calibrated_reward(rewards: Tensor, baseline_rewards: Tensor) -> Tensor:
    """R_calib = σ(r(s, a) − r(s, ā)), same shape, in (0, 1); ½ for the baseline itself; NaN where one is missing.

    >>> calibrated_reward(torch.tensor([2.0, 900.0]), torch.tensor([2.0, -900.0]))
    tensor([0.5000, 1.0000])
    """
    return torch.sigmoid(rewards - baseline_rewards)


def checked_labels(satisfied: Tensor, unknown: Unknown = "leave out") -> Tensor:
    """The labels, with NaN read as `unknown` says.

    Raises:
        ValueError: a label other than 0, 1 and NaN, or another word for `unknown`.
    """
    if unknown not in ("leave out", "violated"):
        raise ValueError(f"unknown must be 'leave out' or 'violated', not {unknown!r}")
    allowed = (satisfied == 0) | (satisfied == 1) | satisfied.isnan()
    if not allowed.all():
        raise ValueError(f"satisfied holds 0, 1 or NaN for unknown, not {satisfied[~allowed][0].item():g}")
    return satisfied.nan_to_num(nan=0.0) if unknown == "violated" else satisfied


def require_kl_max(kl_max: float) -> None:
    """Raise ValueError unless the limit is a positive number of nats (infinity: no limit)."""
    if not kl_max > 0 or math.isnan(kl_max):
        raise ValueError(f"kl_max must be a positive number of nats per sequence, not {kl_max!r}")


def require_denominator(denominator: str) -> None:
    """Raise ValueError unless a mean is over the kept prompts or over all."""
    if denominator not in ("kept", "all"):
        raise ValueError(f"denominator must be 'kept' or 'all', not {denominator!r}")


def sequence_logps(log_prob: Tensor, mask: Tensor) -> Tensor:
    """log π(a|s) = Σ_t log π(a_t|s, a_<t): `(B, T)` and its mask to `(B,)`. A sum: a mean would unmake KL_max."""
    require_equal_shapes(log_prob=log_prob, mask=mask)
    return torch.where(mask > 0, log_prob, 0.0).sum(-1)


def multi_task_loss(task_losses: Sequence[Tensor] | Tensor, task_weights: Sequence[float] | Tensor) -> Tensor:
    """Σ_l ρ_l · loss_l; the weights are not renormalised, each loss has its own denominator.

    >>> multi_task_loss([torch.tensor(0.8), torch.tensor(-0.2)], [1.0, 0.5])
    tensor(0.7000)
    """
    if len(task_losses) != len(task_weights):
        raise ValueError(f"there are {len(task_losses)} task_losses and {len(task_weights)} task_weights")
    if not len(task_losses):
        raise ValueError("task_losses must hold at least one loss")
    terms = [weight * loss for weight, loss in zip(task_weights, task_losses, strict=True)]
    return torch.stack([torch.as_tensor(term) for term in terms]).sum()
