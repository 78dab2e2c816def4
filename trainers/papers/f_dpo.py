"""f-DPO: DPO whose policy is held to the reference by a divergence of one's choice.

With u = π(y|x)/π_ref(y|x) and d = log u, the optimum of E[r] − β·D_f(π‖π_ref) has r = β f'(u) + a constant of the
prompt, so f'(u) takes the place that log u has in DPO:

    ℓ = −log σ( β [g(d_w) − g(d_l)] )

    divergence        f(u)                                      g(d) = f'(u) without constants
    reverse_kl        u log u                                   d                                 DPO
    forward_kl        −log u                                    −exp(−d)
    jsd               u log u − (1+u) log((1+u)/2)              log 2 + log σ(d)
    alpha_divergence  (u^(1−α) − (1−α)u − α)/(α(α−1))           −exp(−αd)/α                       0 < α < 1

α → 0 is the reverse KL and α → 1 the forward KL.

"Beyond Reverse KL: Generalizing Direct Preference Optimization with Diverse Divergence Constraints", arXiv 2309.16240.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch
import trl
from torch import Tensor
from torch.nn.functional import logsigmoid

from ..seam import Pairs, PreferenceObjective
from .dpo import PairConfig, PairTrainer, require_beta, require_logps

Divergence = Literal["reverse_kl", "forward_kl", "jsd", "alpha_divergence"]

LARGEST = 700.0
"""exp of this is still a float64."""


@dataclass(frozen=True, eq=False)
class FDPOLoss:
    """The losses of B pairs, `(B,)`, their mean, and β g(d) of each answer, `(B,)` without gradient."""

    losses: Tensor
    loss: Tensor
    chosen_scores: Tensor
    rejected_scores: Tensor


def fdpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    divergence: Divergence = "reverse_kl",
    alpha: float | None = None,
    beta: float = 0.1,
    max_exponent: float = LARGEST,
) -> FDPOLoss:
    """The loss of pairs from the log-probabilities of whole answers, `(B,)` each: sums over tokens.

    >>> one = torch.tensor
    >>> fdpo_loss(one([1.0]), one([-1.0]), one([0.0]), one([0.0]), divergence="jsd").losses
    tensor([0.6444], dtype=torch.float64)

    All but the reverse KL, which is `dpo_loss` to the last bit, is computed in float64.

    alpha: α of the alpha divergence, in the paper's sense; TRL's coefficient is 1 − α.
    max_exponent: exponents −d and −αd count as this when they are greater, and have no gradient then.

    Raises:
        ValueError: an unknown divergence, α or β without meaning, no pairs, log-probabilities of different shapes or
            not finite.
    """
    require_beta(beta)
    require_logps(
        policy_chosen_logps=policy_chosen_logps,
        policy_rejected_logps=policy_rejected_logps,
        reference_chosen_logps=reference_chosen_logps,
        reference_rejected_logps=reference_rejected_logps,
    )
    rewards = [
        implicit_reward(log_ratios, divergence, alpha, max_exponent=max_exponent)
        for log_ratios in (
            policy_chosen_logps - reference_chosen_logps,
            policy_rejected_logps - reference_rejected_logps,
        )
    ]
    chosen, rejected = rewards
    losses = -logsigmoid(beta * (chosen - rejected))
    scores = [beta * (reward.detach() + _at_the_reference(divergence, alpha)) for reward in rewards]
    return FDPOLoss(losses, losses.mean(), *scores)


def implicit_reward(
    log_ratios: Tensor, divergence: Divergence, alpha: float | None = None, *, max_exponent: float = LARGEST
) -> Tensor:
    """f'(u) − f'(1) of log-ratios d = log u, of any shape: 0 where policy and reference agree, increasing in d.

    The table's g differs by a constant, which for a small α is a large one: −1/α.
    """
    require_divergence(divergence, alpha)
    if divergence == "reverse_kl":
        return log_ratios
    d = log_ratios.double()
    if divergence == "jsd":
        return math.log(2) + logsigmoid(d)
    power = _power(divergence, alpha)
    return -torch.expm1((-power * d).clamp(max=max_exponent)) / power


def _at_the_reference(divergence: Divergence, alpha: float | None) -> float:
    """The table's g(0)."""
    return 0.0 if divergence in ("reverse_kl", "jsd") else -1 / _power(divergence, alpha)


def _power(divergence: Divergence, alpha: float | None) -> float:
    """α, of which 1 is the forward KL."""
    return 1.0 if divergence == "forward_kl" or alpha is None else alpha


def require_divergence(divergence: str, alpha: float | None) -> None:
    """Raise ValueError for an unknown name, and for an α that is missing, meaningless or not asked for."""
    if divergence not in get_args(Divergence):
        raise ValueError(f"divergence={divergence!r}: give {', '.join(map(repr, get_args(Divergence)))}")
    if divergence != "alpha_divergence":
        if alpha is not None:
            raise ValueError(f"alpha={alpha} is a part of 'alpha_divergence', not of {divergence!r}: leave it at None")
    elif alpha is None or not 0 < alpha < 1:
        raise ValueError(f"alpha={alpha}: the alpha divergence needs a number between 0 and 1, such as 0.5")


def trl_options(divergence: Divergence, alpha: float | None = None) -> dict[str, Any]:
    """The options of `trl.DPOConfig` for the same loss, for those who want TRL's own computation.

    >>> trl_options("alpha_divergence", 0.25)
    {'f_divergence_type': 'alpha_divergence', 'f_alpha_divergence_coef': 0.75}

    Trap: TRL's is in float32, where the forward KL overflows at d < −88: an infinite loss, or NaN.
    """
    require_divergence(divergence, alpha)
    if alpha is not None:
        return {"f_divergence_type": divergence, "f_alpha_divergence_coef": 1 - alpha}
    return {"f_divergence_type": "js_divergence" if divergence == "jsd" else divergence}


@dataclass(frozen=True, eq=False)
class OptimalPolicy:
    """What E[r] − β·D_f(π‖π_ref) is greatest for: `(K,)` probabilities, their mean reward and entropy in nats."""

    probs: Tensor
    expected_reward: Tensor
    entropy: Tensor


def fdpo_optimal_policy(
    rewards: Tensor, reference_probs: Tensor, *, divergence: Divergence = "reverse_kl", alpha: float | None = None,
    beta: float = 0.1,
) -> OptimalPolicy:  # fmt: skip
    """The best policy over K answers, in float64, from `(K,)` rewards and the reference's `(K,)` probabilities.

    >>> r, p = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    >>> fdpo_optimal_policy(r, p, divergence="forward_kl", beta=1.0).probs
    tensor([0.7071, 0.2929], dtype=torch.float64)

    Raises:
        ValueError: bad divergence, α or β, rewards that are not finite, probabilities that are not positive or do not
            sum to 1.
    """
    require_divergence(divergence, alpha)
    require_beta(beta)
    r, reference = rewards.double(), reference_probs.double()
    _require_distribution(r, reference)
    if divergence == "reverse_kl":
        probs = (reference.log() + r / beta).softmax(-1)
    else:
        gaps = (r.max() - r) / beta
        probs = reference * _ratios(gaps + _multiplier(gaps, reference, divergence, alpha), divergence, alpha)
    return OptimalPolicy(probs, probs @ r, torch.special.entr(probs).sum())


def _ratios(below: Tensor, divergence: Divergence, alpha: float | None) -> Tensor:
    """u where f'(u) is `below` its supremum by so much; infinite at 0."""
    if divergence == "jsd":
        return 1 / below.expm1()
    power = _power(divergence, alpha)
    return (power * below) ** (-1 / power)


def _multiplier(gaps: Tensor, reference: Tensor, divergence: Divergence, alpha: float | None) -> Tensor:
    """How far below its supremum f' is for the best answer, by bisection on Σ π = 1.

    At f'(1) no ratio is above 1, so the sum is at most 1; towards the supremum it grows without bounds.
    """
    low = gaps.new_zeros(())
    high = gaps.new_tensor(math.log(2) if divergence == "jsd" else 1 / _power(divergence, alpha))
    for _ in range(200):
        middle = (low + high) / 2
        too_much = (reference * _ratios(gaps + middle, divergence, alpha)).sum() > 1
        low, high = (middle, high) if too_much else (low, middle)
    return high


def _require_distribution(rewards: Tensor, reference: Tensor) -> None:
    if rewards.shape != reference.shape or rewards.dim() != 1 or not len(rewards):
        raise ValueError(f"rewards {tuple(rewards.shape)} and reference_probs {tuple(reference.shape)} must be (K,)")
    if not torch.isfinite(rewards).all():
        raise ValueError("rewards has a number that is not finite")
    if not (reference > 0).all() or abs(reference.sum().item() - 1) > 1e-6:
        raise ValueError("reference_probs must be positive and sum to 1")


@dataclass
class FDPOConfig(PairConfig):
    """The paper's hyperparameters, and TRL's with the values of the released recipe.

    Raises:
        ValueError: a value without meaning, or an option of TRL that makes it another loss.
    """

    divergence: Divergence = field(
        default="reverse_kl", metadata={"help": "'reverse_kl' (DPO), 'forward_kl', 'jsd' or 'alpha_divergence'."}
    )
    alpha: float | None = field(default=None, metadata={"help": "α of the alpha divergence; TRL's is 1 − α."})
    max_exponent: float = field(
        default=40.0,
        metadata={
            "help": "exp(−d) and exp(−αd) of a greater exponent count as that of this one, without a gradient: the "
            "square of a gradient must fit into float32, or clipping makes 0 of the whole step."
        },
    )

    def __post_init__(self) -> None:
        require_divergence(self.divergence, self.alpha)
        if not 0 < self.max_exponent <= LARGEST:
            raise ValueError(f"max_exponent={self.max_exponent}: give a number up to {LARGEST:g}")
        super().__post_init__()
        if self.label_smoothing:
            raise ValueError(f"label_smoothing={self.label_smoothing} has no part in f-DPO: set it to 0")


class FDPO(PreferenceObjective):
    """The loss in float64; TRL's own is in float32, and its reward metrics are those of the reverse KL."""

    def loss(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        result = fdpo_loss(
            pairs.chosen_logps,
            pairs.rejected_logps,
            pairs.ref_chosen_logps,
            pairs.ref_rejected_logps,
            divergence=config.divergence,
            alpha=config.alpha,
            beta=config.beta,
            max_exponent=config.max_exponent,
        )
        chosen, rejected = result.chosen_scores, result.rejected_scores
        metrics = {"f_dpo/chosen": chosen, "f_dpo/rejected": rejected, "f_dpo/margin": chosen - rejected}
        return result.losses.to(pairs.chosen_logps.dtype), metrics


class FDPOTrainer(PairTrainer):
    """`trl.DPOTrainer` with a divergence of one's choice; the model as it starts is the reference.

    trainer = FDPOTrainer(sft, args=FDPOConfig("out", divergence="jsd"), train_dataset=pairs)
    """

    objective_class: ClassVar[type[FDPO]] = FDPO
    config_class: ClassVar[type[trl.DPOConfig]] = FDPOConfig
