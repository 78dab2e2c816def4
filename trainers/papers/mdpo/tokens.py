r"""The language-model form: a state is a prompt with its prefix, an action a token, π_k the policy that sampled.

    l_bt = −( ρ_bt A_b − (1/t_k) kl_bt ),     d = log π(o_bt) − log π_k(o_bt),   ρ = e^d

    kl exact      Σ_v π(v) (log π(v) − log π_k(v))     needs both distributions over the vocabulary
    kl sampled    ρ d − ρ + 1                          never negative
                  ρ d                                  more variance

Both sampled forms have the value *and* the gradient of KL(π ‖ π_k) in expectation over tokens that π_k sampled;
GRPO's e^−d + d − 1 has neither unless it is multiplied by ρ, which makes it the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ...objectives import Aggregation, Categorical, aggregate, masked_mean, require_equal_shapes
from .on_policy import require_finite_advantages
from .step_size import require_step_size

KLEstimator = Literal["ratio_log_ratio_minus_ratio_plus_1", "ratio_log_ratio"]
TokenAggregation = Literal["token_mean", "sequence_mean", "fixed_length"]

# what the averages are called elsewhere in this package
AGGREGATIONS: dict[str, Aggregation] = {"token_mean": "bnpo", "sequence_mean": "grpo", "fixed_length": "dr_grpo"}
LARGEST_LOG_RATIO = 60.0  # e^60 and its products are finite in float32; e^89 is not


@dataclass(frozen=True, eq=False)
class TokenLoss:
    """The loss of every token, `(b, T)`, 0 where masked, like all that it is made of.

    clamped: 1 on tokens whose log-ratio was beyond ±60 and lost its gradient.
    """

    per_token_loss: Tensor
    ratio: Tensor
    kl_per_token: Tensor
    clamped: Tensor


@dataclass(frozen=True, eq=False)
class AggregatedLoss(TokenLoss):
    """The same with its average `loss`; `mean_kl_estimate` is the mean over tokens whatever the average."""

    loss: Tensor
    mean_kl_estimate: Tensor


def sampled_kl(log_ratio: Tensor, estimator: KLEstimator = "ratio_log_ratio_minus_ratio_plus_1") -> Tensor:
    """KL(π ‖ π_k) of each token, from d = log π − log π_k of a token that π_k sampled.

    >>> sampled_kl(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    ratio = log_ratio.exp()
    match estimator:
        case "ratio_log_ratio_minus_ratio_plus_1":
            return ratio * log_ratio - ratio + 1
        case "ratio_log_ratio":
            return ratio * log_ratio
    raise ValueError(f"unknown kl_estimator {estimator!r}: expected {' or '.join(get_args(KLEstimator))}")


def token_loss(
    logps_new: Tensor,
    logps_old: Tensor,
    advantages: Tensor,
    mask: Tensor,
    t_k: float,
    kl_per_token: Tensor | None = None,
    kl_estimator: KLEstimator = "ratio_log_ratio_minus_ratio_plus_1",
) -> TokenLoss:
    """l of every token, not yet averaged.

    logps_new, logps_old, mask: `(b, T)`. advantages: `(b,)`, `(b, 1)` or `(b, T)`, constants.
    kl_per_token: the exact KL where it is known; else it is estimated.

    Raises:
        ValueError: t_k is not above 0, an advantage is not finite, an unknown estimator, or shapes that differ.
    """
    require_equal_shapes(logps_new=logps_new, logps_old=logps_old, mask=mask)
    require_step_size(t_k)
    require_finite_advantages(advantages)
    advantages = advantages.detach()
    advantages = advantages.unsqueeze(-1) if advantages.dim() == 1 else advantages
    if advantages.shape not in (mask.shape, (len(mask), 1)):
        raise ValueError(f"advantages of {tuple(advantages.shape)} do not belong to tokens of {tuple(mask.shape)}")
    of_loss = mask > 0
    difference = torch.where(of_loss, logps_new - logps_old.detach(), 0.0)  # padding may hold anything
    log_ratio = difference.clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    kl = sampled_kl(log_ratio, kl_estimator) if kl_per_token is None else kl_per_token
    kl = torch.where(of_loss, kl, 0.0)
    ratio = torch.where(of_loss, log_ratio.exp(), 0.0)
    clamped = (difference.abs() > LARGEST_LOG_RATIO).to(difference)
    return TokenLoss(-(ratio * advantages - kl / t_k), ratio, kl, clamped)


def mdpo_token_loss_sampled_kl(
    logps_new: Tensor,
    logps_old: Tensor,
    advantages: Tensor,
    mask: Tensor,
    t_k: float,
    *,
    kl_estimator: KLEstimator = "ratio_log_ratio_minus_ratio_plus_1",
    aggregation: TokenAggregation = "token_mean",
    max_completion_length: int | None = None,
) -> AggregatedLoss:
    """The loss from log-probabilities of the sampled tokens.

    >>> loss = mdpo_token_loss_sampled_kl(
    ...     torch.tensor([[0.0950083]]), torch.zeros(1, 1), torch.ones(1), torch.ones(1, 1), 0.5
    ... )
    >>> loss.kl_per_token, loss.loss
    (tensor([[0.0048]]), tensor(-1.0900))

    aggregation: "token_mean" over all tokens; "sequence_mean" of each row's mean, an empty row giving 0; or
    "fixed_length", the sum over rows · `max_completion_length`.

    Raises:
        ValueError: as `token_loss`; an unknown aggregation, or "fixed_length" without its length.
    """
    tokens = token_loss(logps_new, logps_old, advantages, mask, t_k, kl_estimator=kl_estimator)
    return _averaged(tokens, mask, aggregation, max_completion_length)


def mdpo_token_loss_full_kl(
    logits_new: Tensor,
    logits_old: Tensor,
    completion_ids: Tensor,
    advantages: Tensor,
    mask: Tensor,
    t_k: float,
    *,
    aggregation: TokenAggregation = "token_mean",
    max_completion_length: int | None = None,
) -> AggregatedLoss:
    """The loss with the exact KL over the vocabulary: logits `(b, T, V)`, completion_ids `(b, T)`.

    Raises:
        ValueError: as `mdpo_token_loss_sampled_kl`.
    """
    require_equal_shapes(logits_new=logits_new, logits_old=logits_old)
    require_equal_shapes(mask=mask, completion_ids=completion_ids)
    new, old = (
        logits.log_softmax(-1).gather(-1, completion_ids.unsqueeze(-1)).squeeze(-1)
        for logits in (logits_new, logits_old)
    )
    kl = Categorical(logits_new).kl(Categorical(logits_old.detach()))
    tokens = token_loss(new, old, advantages, mask, t_k, kl_per_token=kl)
    return _averaged(tokens, mask, aggregation, max_completion_length)


def _averaged(tokens: TokenLoss, mask: Tensor, aggregation: str, max_completion_length: int | None) -> AggregatedLoss:
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"unknown aggregation {aggregation!r}: expected {', '.join(AGGREGATIONS)}")
    if aggregation == "fixed_length" and not max_completion_length:
        raise ValueError("aggregation 'fixed_length' divides by max_completion_length: give it")
    loss = aggregate(
        tokens.per_token_loss, mask, AGGREGATIONS[aggregation], num_items=1, max_length=max_completion_length or 0
    )
    return AggregatedLoss(**vars(tokens), loss=loss, mean_kl_estimate=masked_mean(tokens.kl_per_token, mask))
