"""The three optimizers on the answers of a stratum.

Each loss depends on the policy through the log-probabilities of whole answers only. So its derivative by those few
numbers is all that the micro-batches need, in whatever order and on whatever process their rows come:

    dL/dθ = Σ_i  (∂L/∂ log π(a_i)) · d log π(a_i)/dθ
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .losses import codpo_loss, codpo_select, crpg, crpg_loss, crraft_loss, crraft_select


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


def crpg_outcome(answers: Answers, kl_max: float, config: Any) -> Outcome:
    """The policy gradient; the mean that is taken off is over all answers of the stratum."""
    logps, baseline_logps = _leaf(answers.logps), _leaf(answers.baseline_logps)
    rows = crpg(
        answers.rewards,
        answers.baseline_rewards.unsqueeze(-1).expand_as(answers.rewards),
        answers.satisfied,
        answers.logps,
        answers.ref_logps,
        kl_max=kl_max,
        unknown=config.unknown,
    )
    loss = crpg_loss(rows.advantages, logps, rows.num_used)
    metrics = {
        "used": rows.used.float().mean(),
        "calibrated": rows.calibrated.nanmean(),
        "regularized": rows.regularized.nanmean(),
        "kl_factor": rows.kl_factor[rows.used].mean(),
    }
    return _outcome(loss, logps, baseline_logps, metrics)


def codpo_outcome(answers: Answers, kl_max: float, config: Any) -> Outcome:
    """DPO on one pair a prompt; the KL limit has no part in it (β holds the policy to the reference)."""
    logps, baseline_logps = _leaf(answers.logps), _leaf(answers.baseline_logps)
    chosen, rejected = codpo_select(answers.rewards, answers.satisfied, unknown=config.unknown)
    kept = chosen >= 0
    pairs = codpo_loss(
        _of(logps, chosen),
        _of(logps, rejected),
        _of(answers.ref_logps, chosen),
        _of(answers.ref_logps, rejected),
        _of(answers.lengths, chosen),
        kept,
        beta=config.codpo_beta,
        lam=config.codpo_lambda,
        denominator=config.denominator,
    )
    margins = pairs.margin[kept]
    metrics = {
        "used": kept.float().mean(),
        "margin": margins.mean(),
        "margin_accuracy": (margins > 0).float().mean(),
    }
    return _outcome(pairs.loss, logps, baseline_logps, metrics)


def crraft_outcome(answers: Answers, kl_max: float, config: Any) -> Outcome:
    """Imitation of one answer a prompt, or of the baseline answer where it is among the rows."""
    logps, baseline_logps = _leaf(answers.logps), _leaf(answers.baseline_logps)
    baseline_satisfied = answers.baseline_satisfied if config.baseline_fallback else answers.baseline_satisfied * 0
    choice = crraft_select(
        answers.rewards,
        answers.satisfied,
        answers.log_ratios,
        answers.baseline_rewards,
        baseline_satisfied,
        kl_max=kl_max,
        baseline_log_ratio=answers.baseline_logps - answers.baseline_ref_logps if config.baseline_kl_check else None,
        unknown=config.unknown,
    )
    imitated = torch.where(choice.use_baseline, baseline_logps, _of(logps, choice.chosen))
    loss = crraft_loss(imitated, choice.weights, denominator=config.denominator)
    metrics = {
        "used": (choice.weights > 0).float().mean(),
        "baseline_used": choice.use_baseline.float().mean(),
        "calibrated": choice.weights[choice.weights > 0].mean(),
    }
    return _outcome(loss, logps, baseline_logps, metrics)


OPTIMIZERS: dict[str, Callable[[Answers, float, Any], Outcome]] = {
    "crpg": crpg_outcome,
    "codpo": codpo_outcome,
    "crraft": crraft_outcome,
}


def _outcome(loss: Tensor, logps: Tensor, baseline_logps: Tensor, metrics: Mapping[str, Tensor]) -> Outcome:
    """The loss with its derivatives by the two leaves; 0 by a leaf on which it does not depend."""
    slopes = torch.autograd.grad(loss, (logps, baseline_logps), allow_unused=True)
    answers, baselines = (
        torch.zeros_like(leaf) if slope is None else slope
        for leaf, slope in zip((logps, baseline_logps), slopes, strict=True)
    )
    return Outcome(loss.detach(), answers, baselines, {name: value.detach() for name, value in metrics.items()})


def _leaf(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()


def _of(values: Tensor, column: Tensor) -> Tensor:
    """`(P, K)` at one column a prompt; the first where there is none (−1), whose weight is 0."""
    return values.gather(-1, column.clamp(min=0).unsqueeze(-1)).squeeze(-1)
