"""CGPO's equations: three losses that use a label and a reward, and what they share.

    R_calib = σ(r(s, a) − r(s, ā))                   calibrated reward, eq. 5
    k       = log π(a|s) − log π_ref(a|s)            of the whole sequence, at sampling time

CRPG, a policy gradient on what a violated constraint or a spent KL budget leaves of the calibrated reward:

    R_cr = R_calib · 1[y = 1]                        eq. 8
    R~   = max(1 − k/KL_max, 0) · R_cr               eq. 11; k < 0 makes the factor exceed 1
    A_i  = R~_i − (1/n) Σ_j R~_j                     eq. 12; over the whole batch, no standard deviation
    L    = −(1/n) Σ_i A_i · log π(a_i|s_i)           sums of tokens

CODPO, online DPO between the best answer that satisfies the judges and the worst that does not:

    a+ = argmax r over satisfied     a- = argmin r over violated, or over satisfied when none is violated
    ℓ  = log σ( β [log π/π_ref (a+) − log π/π_ref (a-)] ) + (λ/|a+|) log π(a+)          eqs. 13, 14
    L  = − mean over kept prompts of ℓ

(Equation 15 prints a step *against* the gradient of ℓ, which is to be maximised; the sign here is the one that learns.)

CRRAFT, imitation of the best answer that satisfies the judges and stays near the reference, by how much it is better:

    a* = argmax r over { y = 1 and k <= KL_max }, else ā if ā satisfies the judges, else skip the prompt   eq. 17
    L  = −(1/n_kept) Σ_i R_calib(s_i, a*_i) · log π(a*_i|s_i)                                             eq. 18

(The raw reward chooses, the calibrated one weighs; for ā the weight is ½.)

Rewards and labels are tensors of floating point numbers, NaN = missing. A label y is 1 (every judge that applies is
satisfied), 0 (some judge is not) or NaN (nobody knows: a judge failed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ...objectives.require import require_equal_shapes

Unknown = Literal["leave out", "violated"]
Denominator = Literal["kept", "all"]


def calibrated_reward(rewards: Tensor, baseline_rewards: Tensor) -> Tensor:
    """R_calib = σ(r(s, a) − r(s, ā)), same shape, in (0, 1); ½ for the baseline itself; NaN where one is missing.

    >>> calibrated_reward(torch.tensor([2.0, 900.0]), torch.tensor([2.0, -900.0]))
    tensor([0.5000, 1.0000])
    """
    return torch.sigmoid(rewards - baseline_rewards)


def sequence_logps(log_prob: Tensor, mask: Tensor) -> Tensor:
    """log π(a|s) = Σ_t log π(a_t|s, a_<t): `(B, T)` and its mask to `(B,)`. A sum: a mean would unmake KL_max."""
    require_equal_shapes(log_prob=log_prob, mask=mask)
    return torch.where(mask > 0, log_prob, 0.0).sum(-1)


@dataclass(frozen=True, eq=False)
class CRPG:
    """Every factor of the n rows, `(n,)` each and detached; NaN where something is missing.

    Attributes:
        used: the rows with a reward, a baseline reward and a label; only they count in means.
    """

    calibrated: Tensor
    constraint_regularized: Tensor
    kl_factor: Tensor
    regularized: Tensor
    advantages: Tensor
    used: Tensor

    @property
    def num_used(self) -> int:
        return int(self.used.sum())


def crpg(
    rewards: Tensor,
    baseline_rewards: Tensor,
    satisfied: Tensor,
    logp_policy: Tensor,
    logp_ref: Tensor,
    *,
    kl_max: float,
    unknown: Unknown = "leave out",
) -> CRPG:
    """The advantages of n samples, and what they are made of; all arguments `(n,)`.

    When every sample is violated all advantages are 0; so are those of left-out rows.

    Raises:
        ValueError: kl_max is not positive, shapes differ, or a label is none.
    """
    require_kl_max(kl_max)
    require_equal_shapes(
        rewards=rewards,
        baseline_rewards=baseline_rewards,
        satisfied=satisfied,
        logp_policy=logp_policy,
        logp_ref=logp_ref,
    )
    with torch.no_grad():
        calibrated = calibrated_reward(rewards, baseline_rewards)
        labels = checked_labels(satisfied, unknown)
        used = ~(calibrated.isnan() | labels.isnan())
        gated = torch.where(used, calibrated * labels, torch.nan)
        factor = (1 - (logp_policy - logp_ref) / kl_max).clamp(min=0)
        regularized = factor * gated
        mean = torch.where(used, regularized, 0.0).sum() / used.sum().clamp(min=1)
        advantages = torch.where(used, regularized - mean, 0.0)
    return CRPG(calibrated, gated, factor, regularized, advantages, used)


def crpg_loss(advantages: Tensor, logp: Tensor, num_used: int) -> Tensor:
    """−(1/n) Σ_i A_i · log π(a_i|s_i), n the samples that were used; 0 with a graph when there is none."""
    require_equal_shapes(advantages=advantages, logp=logp)
    return -(advantages * logp).sum() / max(num_used, 1)


def codpo_select(rewards: Tensor, satisfied: Tensor, *, unknown: Unknown = "leave out") -> tuple[Tensor, Tensor]:
    """Columns of a+ and a- in each prompt's answers: `(B, K)` and `(B, K)` to `(B,)` and `(B,)`, −1 where skipped.

    A prompt is skipped when no answer is satisfied, or when a+ would be a-. Ties go to the lowest column. Answers
    without a reward or without a label take no part. Filtering comes before the maximum: a product of label and
    reward would prefer a violated answer to a satisfied one with a negative reward.

    >>> codpo_select(torch.tensor([[-2.0, -1.0], [1.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    (tensor([ 0, -1]), tensor([ 1, -1]))
    """
    require_equal_shapes(rewards=rewards, satisfied=satisfied)
    labels = checked_labels(satisfied, unknown)
    good = (labels == 1) & ~rewards.isnan()
    bad = (labels == 0) & ~rewards.isnan()
    losers = torch.where(bad.any(-1, keepdim=True), bad, good)
    chosen = first_best(rewards, good)
    rejected = first_best(-rewards, losers)
    skipped = (chosen < 0) | (chosen == rejected)
    return chosen.masked_fill(skipped, -1), rejected.masked_fill(skipped, -1)


@dataclass(frozen=True, eq=False)
class CODPO:
    """The loss of P pairs and its parts: `(P,)` each but the loss; `margin` is what the sigmoid is taken of."""

    loss: Tensor
    per_pair_loss: Tensor
    margin: Tensor


def codpo_loss(
    chosen_logp: Tensor,
    rejected_logp: Tensor,
    chosen_ref_logp: Tensor,
    rejected_ref_logp: Tensor,
    chosen_length: Tensor,
    kept: Tensor,
    *,
    beta: float,
    lam: float,
    denominator: Denominator = "kept",
) -> CODPO:
    """DPO with a likelihood bonus, from sequence log-probabilities `(P,)`; `chosen_length` is |a+| in tokens.

    An a+ without tokens is never kept. When no pair is kept the loss is 0, with a graph.
    """
    require_denominator(denominator)
    require_equal_shapes(
        chosen_logp=chosen_logp,
        rejected_logp=rejected_logp,
        chosen_ref_logp=chosen_ref_logp,
        rejected_ref_logp=rejected_ref_logp,
        chosen_length=chosen_length,
        kept=kept,
    )
    kept = kept.bool() & (chosen_length > 0)
    margin = beta * (chosen_logp - chosen_ref_logp) - beta * (rejected_logp - rejected_ref_logp)
    per_pair = -logsigmoid(margin) - lam / chosen_length.clamp(min=1) * chosen_logp
    pairs = kept.sum() if denominator == "kept" else kept.numel()
    loss = torch.where(kept, per_pair, 0.0).sum() / max(int(pairs), 1)
    return CODPO(loss, per_pair, margin)


@dataclass(frozen=True, eq=False)
class Choice:
    """What each of B prompts is trained on, `(B,)` each.

    Attributes:
        chosen: column of a*, −1 where there is none.
        use_baseline: whether ā takes its place.
        weights: R_calib of the choice, 0 where the prompt is skipped.
    """

    chosen: Tensor
    use_baseline: Tensor
    weights: Tensor


def crraft_select(
    rewards: Tensor,
    satisfied: Tensor,
    seq_log_ratio: Tensor,
    baseline_rewards: Tensor,
    baseline_satisfied: Tensor,
    *,
    kl_max: float,
    baseline_log_ratio: Tensor | None = None,
    unknown: Unknown = "leave out",
) -> Choice:
    """The answer of each prompt to imitate: `(B, K)` rewards, labels and k, `(B,)` of the baseline answers.

    baseline_log_ratio: k of ā, to hold ā to the same KL limit; the paper does not, and None leaves it out.

    Raises:
        ValueError: kl_max is not positive, shapes differ, or a label is none.
    """
    require_kl_max(kl_max)
    require_equal_shapes(rewards=rewards, satisfied=satisfied, seq_log_ratio=seq_log_ratio)
    require_equal_shapes(baseline_rewards=baseline_rewards, baseline_satisfied=baseline_satisfied)
    if rewards.shape[:-1] != baseline_rewards.shape:
        raise ValueError(f"there are {len(baseline_rewards)} baseline_rewards for {len(rewards)} prompts of rewards")
    calibrated = calibrated_reward(rewards, baseline_rewards.unsqueeze(-1))
    near = seq_log_ratio <= kl_max
    chosen = first_best(rewards, (checked_labels(satisfied, unknown) == 1) & near & ~calibrated.isnan())
    good = (checked_labels(baseline_satisfied, unknown) == 1) & ~baseline_rewards.isnan()
    if baseline_log_ratio is not None:
        good = good & (baseline_log_ratio <= kl_max)
    use_baseline = (chosen < 0) & good
    weights = calibrated.gather(-1, chosen.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    weights = torch.where(chosen < 0, 0.5 * use_baseline, weights)
    return Choice(chosen, use_baseline, weights)


def crraft_loss(logp: Tensor, weights: Tensor, *, denominator: Denominator = "kept") -> Tensor:
    """−(1/n_kept) Σ_i w_i · log π(a*_i|s_i), `(B,)` each; 0 with a graph when every prompt is skipped.

    denominator: "kept" prompts (those with a weight above 0), or "all" B of them.
    """
    require_denominator(denominator)
    require_equal_shapes(logp=logp, weights=weights)
    count = int((weights > 0).sum()) if denominator == "kept" else len(weights)
    return -(weights.detach() * logp).sum() / max(count, 1)


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


def first_best(values: Tensor, eligible: Tensor) -> Tensor:
    """The first column of the greatest eligible value in each row, −1 where nothing is eligible."""
    best = torch.where(eligible, values, -torch.inf).amax(-1, keepdim=True)
    hits = eligible & (values == best)
    return torch.where(hits.any(-1), hits.to(torch.int8).argmax(-1), -1)


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
