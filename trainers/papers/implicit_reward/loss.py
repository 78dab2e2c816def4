"""f-SFT: the loss of demonstrations under a divergence, with the reference left in it.

    z = β (log π − log π_ref)        r = z + V        L = −(1/β) · mean( φ(r) − V )
    ∂L/∂log π_i = −(1/n) φ'(r_i)

1/β makes the first step, at π = π_ref, that of plain SFT for every divergence with φ'(0) = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from ...objectives import masked_mean, require_equal_shapes, require_finite
from .divergences import Divergence, phi_of, require_beta

INSIDE = 1.0
"""An r in the domain of every φ, to stand where there is no token."""

TokenAverage = Literal["token_mean", "sequence_mean"]


@dataclass(frozen=True, eq=False)
class FSFTLoss:
    """A loss, and per sequence or token: the implicit reward r = z + V, φ(r), and the weight φ'(r) of its gradient."""

    loss: Tensor
    implicit_reward: Tensor
    phi: Tensor
    weight: Tensor


def f_sft_loss_sequence(
    policy_logps: Tensor,
    reference_logps: Tensor,
    *,
    divergence: Divergence,
    beta: float = 0.1,
    baseline_v: float = 0.0,
    linear_extension_below: float | None = -0.5,
    clamp_chi2_above_2: bool = True,
) -> FSFTLoss:
    """The mean over sequences; log-probabilities are `(n,)`, summed over each completion's tokens.

    Raises:
        ValueError: β not positive, an empty batch, log-probabilities that are not finite, an r outside φ's domain.
    """
    require_beta(beta)
    if not math.isfinite(baseline_v):
        raise ValueError(f"baseline_v, the V of all sequences, must be finite, not {baseline_v}")
    _require_logps(policy_logps=policy_logps, reference_logps=reference_logps)
    r = beta * (policy_logps - reference_logps) + baseline_v
    phi, weight = phi_of(
        r, divergence, linear_extension_below=linear_extension_below, clamp_chi2_above_2=clamp_chi2_above_2
    )
    return FSFTLoss(-(phi - baseline_v).mean() / beta, r, phi, weight)


def f_sft_loss_token(
    policy_token_logps: Tensor,
    reference_token_logps: Tensor,
    mask: Tensor,
    *,
    divergence: Divergence,
    beta: float = 1.0,
    linear_extension_below: float | None = -0.5,
    clamp_chi2_above_2: bool = True,
    aggregation: TokenAverage = "token_mean",
) -> FSFTLoss:
    """The mean over tokens, all `(b, T)`, or over rows of their token means; an empty row adds 0 to that one.

    Raises:
        ValueError: as `f_sft_loss_sequence`; what is masked may be anything.
    """
    if aggregation not in get_args(TokenAverage):
        raise ValueError(f"aggregation must be 'token_mean' or 'sequence_mean', not {aggregation!r}")
    require_beta(beta)
    require_equal_shapes(policy_token_logps=policy_token_logps, mask=mask)
    _require_logps(mask, policy_token_logps=policy_token_logps, reference_token_logps=reference_token_logps)
    valid = mask.bool()
    policy, reference = (logps.masked_fill(~valid, 0.0) for logps in (policy_token_logps, reference_token_logps))
    z = beta * (policy - reference)
    phi, weight = phi_of(
        z.masked_fill(~valid, INSIDE),
        divergence,
        linear_extension_below=linear_extension_below,
        clamp_chi2_above_2=clamp_chi2_above_2,
    )
    mean = masked_mean(phi, mask) if aggregation == "token_mean" else masked_mean(phi, mask, dim=-1).mean()
    return FSFTLoss(-mean / beta, z, phi * valid, weight * valid)


def _require_logps(mask: Tensor | None = None, /, **logps: Tensor) -> None:
    for name, values in logps.items():
        if not values.numel():
            raise ValueError(f"{name} is empty: give at least one completion")
    require_equal_shapes(**logps)
    require_finite(mask, **logps)
