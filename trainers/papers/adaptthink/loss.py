"""AdaptThink's numbers: who is forced, what an answer is worth, and the loss with a corrected first token.

    A_i  = δ · 1[NoThinking] + R_i − R̄_ref(x)                       no mean, no deviation of the group
    o_it = log π_old(y_it),  t > 1
    o_i1 = log p  if NoThinking was forced, else log(1 − p)          what the first token was really drawn from
    s_i  = exp( Σ_t m_it (log π(y_it) − o_it) / T_i )                "sequence_mean"
    L    = −(1/B) Σ_i min( s_i A_i, clip(s_i, 1−ε_low, 1+ε_high) A_i )

The paper's ratio is that of the whole sequence ("sequence_product"); its code takes the T_i-th root. At the start
π(</think>) is about 1e-5, and the product, clipped from below for every A < 0, then has next to no gradient; the root
is near 1. "token" is GRPO's ratio, token by token, with a mean over the tokens of the batch.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from ....judges.options import one_of
from ...objectives import masked_mean, require_equal_shapes, require_within
from ...objectives.surrogate import clipped_surrogate

Ratio = Literal["sequence_mean", "sequence_product", "token"]


def rollout_split(n: int, p_no_thinking: float) -> int:
    """How many of a group's n answers are made to begin with `</think>`: n·p, a half goes to the even neighbour.

    >>> [rollout_split(n, 0.5) for n in (2, 4, 5, 7)]
    [1, 2, 2, 4]
    """
    return round(n * p_no_thinking)


def format_ok(text: str, think_start: str = "<think>", think_end: str = "</think>") -> bool:
    """Whether a response closes the thinking exactly once and never opens it: else its answer counts as wrong.

    >>> format_ok("</think> 4"), format_ok("hm </think> 4"), format_ok("4"), format_ok("<think> hm </think> 4")
    (True, True, False, False)
    """
    return text.count(think_end) == 1 and think_start not in text


def advantage(correct: Tensor, no_thinking: Tensor, ref_accuracy: Tensor, delta: float = 0.05) -> Tensor:
    """`(N,)` A_i; NaN where `correct` is.

    >>> advantage(torch.tensor([1.0, 1.0, 0.0]), torch.tensor([True, False, True]), torch.tensor(0.5).expand(3))
    tensor([ 0.5500,  0.5000, -0.4500])

    correct: `(N,)` R in {0, 1}. no_thinking: `(N,)` booleans. ref_accuracy: `(N,)` R̄_ref of each row's problem.
    """
    return delta * no_thinking.to(correct) + correct - ref_accuracy


def sampled_logps(old_logps: Tensor, no_thinking: Tensor, p_no_thinking: float, forced: Tensor | None = None) -> Tensor:
    """`(b, T)` o: the old log-probabilities, the first column replaced by that of the forced choice.

    no_thinking: `(b,)` booleans. forced: `(b,)` booleans, rows whose first token was forced; all without it.

    Raises:
        ValueError: p is no probability, or a row is there that p makes impossible.
    """
    require_within(0.0, 1.0, p_no_thinking=p_no_thinking)
    there = torch.ones_like(no_thinking) if forced is None else forced
    if (p_no_thinking == 0 and bool((no_thinking & there).any())) or (
        p_no_thinking == 1 and bool((~no_thinking & there).any())
    ):
        raise ValueError(f"p_no_thinking={p_no_thinking} makes answers impossible that are in the batch")
    chances = torch.where(no_thinking, p_no_thinking, 1 - p_no_thinking).to(old_logps)
    first = torch.where(there, chances.clamp(min=torch.finfo(old_logps.dtype).tiny).log(), old_logps[:, 0])
    return torch.cat([first.unsqueeze(1), old_logps[:, 1:]], dim=1)


def policy_loss(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    no_thinking: Tensor,
    p_no_thinking: float = 0.5,
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    ratio: Ratio = "sequence_mean",
    forced: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The loss, 0-d, to be minimised, and the ratios: `(b,)`, with "token" `(b, T)` and 0 outside the mask.

    logps, old_logps, mask: `(b, T)`; the first column of old_logps is not read where the first token was forced.
    advantages: `(b,)`. A row without a token adds nothing, and is counted.

    Raises:
        ValueError: shapes that differ, an unknown ratio, or a p that cannot be.
    """
    one_of("ratio", ratio, get_args(Ratio))
    require_equal_shapes(logps=logps, old_logps=old_logps, mask=mask)
    require_equal_shapes(rows=mask.sum(1), advantages=advantages, no_thinking=no_thinking)
    sampled = sampled_logps(old_logps, no_thinking, p_no_thinking, forced)
    log_ratio = torch.where(mask > 0, logps - sampled, 0.0)
    if ratio == "token":
        ratios = torch.exp(log_ratio)
        losses = clipped_surrogate(ratios, advantages.unsqueeze(1), eps_low, eps_high)
        return masked_mean(losses, mask), torch.where(mask > 0, ratios, 0.0)
    exponent = log_ratio.sum(1)
    if ratio == "sequence_mean":
        exponent = exponent / (mask.sum(1) + 1e-8)
    ratios = torch.exp(exponent)
    has_tokens = (mask.sum(1) > 0).to(ratios)
    return (clipped_surrogate(ratios, advantages, eps_low, eps_high) * has_tokens).mean(), ratios


def checked_ref_accuracy(values: Any, column: str = "ref_accuracy") -> None:
    """Raise ValueError naming the first row whose reference accuracy is missing, NaN, or outside [0, 1]."""
    for row, value in enumerate(values):
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
        if not number or not 0 <= value <= 1:
            raise ValueError(
                f"row {row} has {column}={value!r}: it is the share of right answers of the model before training, "
                "from 0 to 1; with_ref_accuracy(dataset, reward, generate) measures it"
            )
