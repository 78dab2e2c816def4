"""The answers of one stratum in one generation, as the optimizers read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Answers:
    """P prompts with K answers each, over all processes; NaN = missing.

    Attributes:
        rewards, satisfied: `(P, K)` r(s, a) and the label y in {0, 1, NaN}.
        logps, ref_logps: `(P, K)` log-probabilities of whole answers when they were drawn, under π and π_ref.
        lengths: `(P, K)` tokens.
        baseline_rewards, baseline_satisfied: `(P,)` of the baseline answer ā.
        baseline_logps, baseline_ref_logps: `(P,)`, zeros where ā is not among the rows.
    """

    rewards: Tensor
    satisfied: Tensor
    logps: Tensor
    ref_logps: Tensor
    lengths: Tensor
    baseline_rewards: Tensor
    baseline_satisfied: Tensor
    baseline_logps: Tensor
    baseline_ref_logps: Tensor

    @property
    def log_ratios(self) -> Tensor:
        """`(P, K)` k = log π − log π_ref."""
        return self.logps - self.ref_logps


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an optimizer makes of the answers.

    Attributes:
        loss: 0-d, the paper's loss.
        answers: `(P, K)` its derivative by the log-probability of each answer.
        baselines: `(P,)` its derivative by that of each baseline answer.
        metrics: what to log; a NaN is left out.
    """

    loss: Tensor
    answers: Tensor
    baselines: Tensor
    metrics: Mapping[str, Tensor] = field(default_factory=dict)


def outcome(loss: Tensor, logps: Tensor, baseline_logps: Tensor, metrics: Mapping[str, Tensor]) -> Outcome:
    """The loss with its derivatives by the two leaves; 0 by a leaf on which it does not depend."""
    slopes = torch.autograd.grad(loss, (logps, baseline_logps), allow_unused=True)
    answers, baselines = (
        torch.zeros_like(leaf) if slope is None else slope
        for leaf, slope in zip((logps, baseline_logps), slopes, strict=True)
    )
    return Outcome(loss.detach(), answers, baselines, {name: value.detach() for name, value in metrics.items()})
