"""DisCO: right answers are scored above wrong ones, question by question, as far as a limit on the KL lets them.

    s_i = mean_t log π(o_it)                          "logL": the mean log-likelihood of a token
        = mean_t π(o_it)/π_old(o_it)                  "Lratio": the mean ratio, not clipped
    J_q = mean_{i right} s_i − τ log mean_{j wrong} exp(s_j/τ)       "disco_b": τ = ∞, the mean of the wrong ones
    J   = (1/Q) Σ_q J_q                               q with right and wrong answers; Q counts all questions
    KL  = mean_it ( log π_old(o_it) − log π(o_it) )   over all tokens, KL(π_old ‖ π)
    L   = −J + (β/2) · max(KL − δ, 0)²

No advantage, no standard deviation, no clip: every question with both kinds of answers pulls with the same force,
where GRPO's force goes with sqrt(p(1−p)). A small τ lets the wrong answers with the highest scores count most.

"DisCO: Reinforcing Large Reasoning Models with Discriminative Constrained Optimization", arXiv 2505.12366.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from ..objectives import (
    group_stats,
    importance_ratio,
    kl_k1,
    kl_k3,
    masked_mean,
    require_equal_shapes,
    sum_over_processes,
)
from ..seam import Batch, Objective, ObjectiveConfig, ObjectiveTrainer, Rollout
from ..seam.objective import Metrics

Variant = Literal["disco", "disco_b"]
Score = Literal["logL", "Lratio"]
KLType = Literal["kl", "low_var_kl"]
Normalize = Literal["all", "valid"]
Penalty = Literal["code", "paper"]

TAU: dict[Score, float] = {"logL": 10.0, "Lratio": 1.0}
"""The paper's τ for each score."""


def sequence_scores(logps: Tensor, old_logps: Tensor, mask: Tensor, score: Score = "logL") -> Tensor:
    """`(b,)` s_i, a mean over the tokens of each answer; 0 for an answer without any. Inputs are `(b, T)`.

    >>> sequence_scores(torch.tensor([[-1.0, -3.0]]), torch.zeros(1, 2), torch.tensor([[1, 1]]))
    tensor([-2.])
    """
    per_token = logps if score == "logL" else importance_ratio(logps, old_logps, mask)
    return masked_mean(per_token, mask, dim=-1)


def score_gaps(scores: Tensor, right: Tensor, wrong: Tensor, tau: float) -> Tensor:
    """`(Q,)` J_q of questions that have right and wrong answers.

    scores: `(b,)`. right, wrong: `(Q, b)` which answers are the question's and right or wrong, at least one each.
    tau: infinity takes the mean of the wrong ones, and near 0 the highest of them counts alone.
    """
    s_right = masked_mean(scores, right, dim=-1)
    if math.isinf(tau):
        return s_right - masked_mean(scores, wrong, dim=-1)
    s_wrong = torch.where(wrong, scores / tau, -torch.inf)
    return s_right - tau * (torch.logsumexp(s_wrong, dim=-1) - wrong.sum(-1).to(scores).log())


def token_kl(logps: Tensor, old_logps: Tensor, kl_type: KLType = "kl") -> Tensor:
    """`(b, T)` estimates of KL(π_old ‖ π) from tokens of π_old: −log ρ, or ρ − 1 − log ρ, which is never negative."""
    return (kl_k1 if kl_type == "kl" else kl_k3)(old_logps, logps)


@dataclass(frozen=True, eq=False)
class DisCOLoss:
    """What `disco_loss` gives: 0-d tensors, and `(b,)` scores. Everything but the scores is over all processes."""

    loss: Tensor
    objective: Tensor  # J
    kl: Tensor
    penalty: Tensor
    scores: Tensor  # 0 for an answer without tokens, which is used nowhere
    num_questions: Tensor
    num_valid: Tensor  # questions with right and wrong answers
    constraint_violated: Tensor  # KL > δ


def disco_loss(
    logps: Tensor,
    old_logps: Tensor,
    mask: Tensor,
    group_ids: Tensor,
    rewards: Tensor,
    *,
    variant: Variant = "disco",
    score: Score = "logL",
    tau: float | None = None,
    beta: float = 1e3,
    delta: float = 1e-4,
    kl_type: KLType = "kl",
    normalize: Normalize = "all",
    penalty: Penalty = "code",
    total: Callable[[Tensor], Tensor] = lambda value: value,
) -> DisCOLoss:
    """The loss of whole groups of answers, to be minimised.

    >>> logps, old = torch.tensor([[-1.0], [-0.5], [-2.0]]), torch.tensor([[-1.1], [-0.6], [-1.9]])
    >>> result = disco_loss(logps, old, torch.ones(3, 1), torch.zeros(3), torch.tensor([1.0, 0.0, 0.0]))
    >>> round(result.objective.item(), 4), result.constraint_violated.item()
    (0.2219, False)

    logps, old_logps, mask: `(b, T)`. group_ids: `(b,)`, rows in any order, groups of any size.
    rewards: `(b,)`, 1 = right, 0 = wrong; any other number and NaN are neither, and count in the KL only.
    tau: default 10 for "logL" and 1 for "Lratio". beta: 0 switches the constraint off.
    normalize: divide J by "all" questions as the paper's code does, or by the "valid" ones only.
    penalty: "code" has the gradient of the paper's code, β·[KL − δ]₊·∇KL; "paper" is β·[KL − δ]₊², twice that.
    total: sums a number over all processes, for a batch that is spread over several.

    Raises:
        ValueError: τ not positive, β or δ negative, an unknown name, or shapes that differ.
    """
    tau = TAU.get(score, 1.0) if tau is None else tau
    check_settings(variant, score, tau, beta, delta, kl_type, normalize, penalty)
    require_equal_shapes(logps=logps, old_logps=old_logps, mask=mask)
    require_equal_shapes(rows=mask.sum(1), group_ids=group_ids, rewards=rewards)
    logps, old_logps = (torch.where(mask > 0, x, 0.0) for x in (logps, old_logps))  # padding may hold anything
    scores = sequence_scores(logps, old_logps, mask, score)
    members = group_ids.unique().unsqueeze(1) == group_ids  # (Q, b)
    has_tokens = mask.sum(-1) > 0
    right, wrong = (members & has_tokens & (rewards == value) for value in (1, 0))
    valid = right.any(-1) & wrong.any(-1)
    gaps = score_gaps(scores, right[valid], wrong[valid], tau if variant == "disco" else math.inf)

    num_questions, num_valid = total(valid.new_tensor(len(valid), dtype=torch.long)), total(valid.sum())
    divisor = num_questions if normalize == "all" else num_valid
    objective = total(gaps.sum()) / divisor.clamp(min=1)
    kl = total((token_kl(logps, old_logps, kl_type) * mask).sum()) / total(mask.sum()).clamp(min=1)
    hinge = (kl - delta).clamp(min=0)
    constraint = (beta / 2 if penalty == "code" else beta) * hinge**2
    return DisCOLoss(
        loss=constraint - objective,
        objective=objective,
        kl=kl,
        penalty=constraint,
        scores=scores,
        num_questions=num_questions,
        num_valid=num_valid,
        constraint_violated=kl > delta,
    )


def check_settings(
    variant: str, score: str, tau: float, beta: float, delta: float, kl_type: str, normalize: str, penalty: str
) -> None:
    """Refuse what has no meaning; β and δ are called `kl_beta` and `kl_delta` in the config."""
    names = {"variant": variant, "score": score, "kl_type": kl_type, "normalize": normalize, "penalty": penalty}
    for (name, value), known in zip(names.items(), (Variant, Score, KLType, Normalize, Penalty), strict=True):
        if value not in get_args(known):
            raise ValueError(f"{name} must be {' or '.join(map(repr, get_args(known)))}, not {value!r}")
    if not tau > 0:
        raise ValueError(
            f"tau must be positive, not {tau}: near 0 only the highest wrong answer counts, inf is DisCO-b"
        )
    if not beta >= 0:
        raise ValueError(f"beta (kl_beta) must be 0, which switches the constraint off, or more, not {beta}")
    if not delta >= 0:
        raise ValueError(f"delta (kl_delta), the KL that is free, must be 0 or more, not {delta}")


def binary_rewards(rewards: Tensor, threshold: float | None = None) -> Tensor:
    """Rewards as 1 = right, 0 = wrong, NaN = neither, in the same shape.

    threshold: the least reward of a right answer; without one only rewards of exactly 0 and 1 tell.

    >>> binary_rewards(torch.tensor([1.0, 0.5, 0.0, torch.nan])), binary_rewards(torch.tensor([0.9, 0.2]), 0.5)
    (tensor([1., nan, 0., nan]), tensor([1., 0.]))
    """
    if threshold is None:
        return rewards.masked_fill((rewards != 0) & (rewards != 1), torch.nan)
    return (rewards >= threshold).to(rewards).masked_fill(rewards.isnan(), torch.nan)


@dataclass
class DisCOConfig(ObjectiveConfig):
    """The paper's hyperparameters, and TRL's with the paper's values.

    β and δ are `kl_beta` and `kl_delta`, because TRL's `beta` and `delta` are others.

    Raises:
        ValueError: a value without meaning, or a setting of GRPO's loss that this one would ignore.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "beta": 0.0,
        "epsilon": math.inf,
        "epsilon_high": None,
        "delta": None,
        "importance_sampling_level": "token",
        "loss_type": "dapo",
        "multi_objective_aggregation": "sum_then_normalize",
        "scale_rewards": "group",
        "vllm_importance_sampling_correction": False,
    }

    variant: Variant = field(
        default="disco",
        metadata={"help": "'disco': a soft maximum over the wrong answers; 'disco_b': their mean (tau is not used)."},
    )
    score: Score = field(
        default="logL", metadata={"help": "s: mean log-likelihood 'logL' or mean likelihood ratio 'Lratio'."}
    )
    tau: float | None = field(
        default=None, metadata={"help": "τ: temperature of the soft maximum. Default: 10 for logL, 1 for Lratio."}
    )
    kl_beta: float = field(default=1e3, metadata={"help": "β: weight of the squared excess of the KL; 0 is off."})
    kl_delta: float = field(default=1e-4, metadata={"help": "δ: KL from the sampling policy that costs nothing."})
    kl_type: KLType = field(default="kl", metadata={"help": "Estimator: 'kl', −log ρ; 'low_var_kl', ρ − 1 − log ρ."})
    normalize: Normalize = field(
        default="all",
        metadata={"help": "Divide J by 'all' questions, or by the 'valid' ones (right and wrong answers)."},
    )
    penalty: Penalty = field(
        default="code",
        metadata={"help": "'code': (β/2)[KL − δ]₊², the gradient of the paper's code; 'paper': twice that."},
    )
    threshold: float | None = field(
        default=None,
        metadata={"help": "Least reward of a right answer. By default rewards must be exactly 0 or 1."},
    )
    updates_per_generation: int | None = field(
        default=4,
        metadata={
            "help": "Mini-batches of a generation, one update each, unless steps_per_generation or "
            "generation_batch_size is given. With 1 the KL is always 0."
        },
    )

    num_generations: int = field(default=8, metadata={"help": "n: answers to a question."})
    temperature: float = field(default=0.6, metadata={"help": "Of sampling, and of the log-probabilities."})
    learning_rate: float = field(default=2e-6, metadata={"help": "The paper's for 1.5B parameters; 1e-6 for 7B."})
    max_completion_length: int | None = field(default=8192, metadata={"help": "Longest answer, in tokens."})
    disable_dropout: bool = field(
        default=True, metadata={"help": "With dropout the KL would not be 0 before the first update."}
    )
    beta: float = field(default=0.0, metadata={"help": "Must stay 0: there is no KL from a reference."})
    epsilon: float = field(default=math.inf, metadata={"help": "Must stay inf: nothing is clipped."})
    vllm_importance_sampling_correction: bool = field(
        default=False, metadata={"help": "Must stay False: scores are not weighted."}
    )

    def __post_init__(self) -> None:
        self.tau = TAU.get(self.score, 1.0) if self.tau is None else self.tau
        check_settings(**self.loss_settings())
        super().__post_init__()

    def loss_settings(self) -> dict[str, Any]:
        """The arguments of `disco_loss`."""
        same = ("variant", "score", "tau", "kl_type", "normalize", "penalty")
        return {"beta": self.kl_beta, "delta": self.kl_delta, **{name: getattr(self, name) for name in same}}


class DisCO(Objective):
    """Discriminative, constrained: no advantages, one loss of whole groups.

    A micro-batch is what all processes have together: its KL is one mean over all their tokens.
    """

    whole_groups = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.told = False  # of rewards that are neither 0 nor 1

    def advantages(self, rollout: Rollout) -> Tensor:
        """`(N,)` +1 for right and −1 for wrong answers to a question that has both, else 0; for the log alone."""
        labels = binary_rewards(rollout.scores, self.config.threshold)
        right = group_stats(labels, rollout.group_ids).mean  # NaN where no row is labelled
        valid = (right > 0) & (right < 1)
        for name, where in {"valid": valid, "all_right": right == 1, "all_wrong": right == 0}.items():
            rollout.log(f"disco/frac_{name}", where.float().mean())
        rollout.log("disco/frac_unlabelled", labels.isnan().float().mean())
        unlabelled = rollout.scores[labels.isnan() & ~rollout.scores.isnan()]
        if len(unlabelled) and not self.told:
            self.told = True
            warnings.warn(
                f"{len(unlabelled)} of {len(labels)} rewards are neither 0 nor 1, for example "
                f"{float(unlabelled.max()):g}: DisCO learns nothing from these answers. Give a reward that says which "
                "are right, or set threshold to the least reward of a right answer",
                stacklevel=2,
            )
        return torch.where(valid, 2 * labels - 1, 0.0).nan_to_num(nan=0.0)

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        result = disco_loss(
            batch.logps,
            batch.old_logps,
            batch.mask,
            batch.group_ids,
            binary_rewards(batch.scores, self.config.threshold),
            **self.config.loss_settings(),
            total=sum_over_processes,
        )
        logged = ("objective", "kl", "penalty", "constraint_violated", "num_valid", "num_questions")
        return result.loss, {f"disco/{name}": getattr(result, name) for name in logged}


class DisCOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` with DisCO's loss.

        trainer = DisCOTrainer(model, MathJudge(), args=DisCOConfig("out"), train_dataset=dataset)

    Raises:
        ValueError: `per_device_train_batch_size` is not a multiple of `num_generations`, or the reward can give more
            than 1 or less than 0, and no threshold says which of that is right.
    """

    objective_class: ClassVar[type[DisCO]] = DisCO
    config_class: ClassVar[type[DisCOConfig]] = DisCOConfig

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        bounds = [getattr(reward, "bounds", None) for reward in self.reward_funcs]
        if self.args.threshold is None and all(bounds):
            ends = torch.tensor(bounds) * self.reward_weights.cpu().unsqueeze(1)
            low, high = ends.amin(1).sum().item(), ends.amax(1).sum().item()
            if low < 0 or high > 1:
                raise ValueError(
                    f"the reward goes from {low:g} to {high:g}, and DisCO takes 1 for right and 0 for wrong: set "
                    "threshold in the config to the least reward of a right answer"
                )
