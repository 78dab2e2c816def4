"""VULPO: graded reports about vulnerable code, weighted by how hard the sample is and by its label.

    r    = r_pred + r_loc + r_sem + r_fmt                    `rewards.vulnerability_reward`, a gated table
    A0_j = r_j − mean r                                      over the G reports on one function; no division
    p    = share of the group with r_pred > g
    A_j  = A0_j · w_sample(p) · w_label(y)
    w_sample = 0 where p is 0 or 1, else 1                   "mask_saturated"

The loss is GRPO's: clipped, a mean over all tokens, without KL. To say that nothing is wrong is the easy way out; in
the table it never earns anything, and functions that the whole group gets right (or wrong) teach nothing.

"VULPO: Context-Aware Vulnerability Detection via On-Policy LLM Optimization", arXiv 2511.11896.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from ...judges.vulnerability import VulnerabilityJudge
from ...rewards import separate, vulnerability_reward
from ...rewards.vulnerability import Preset, table_of
from ..grpo import grpo_advantages
from ..objectives import group_stats, require_equal_shapes, require_within
from ..seam import Objective, ObjectiveConfig, ObjectiveTrainer, Rollout

SampleWeight = Literal["mask_saturated", "none", "linear"]


@dataclass(frozen=True, eq=False)
class VULPOAdvantages:
    """What every row gets, `(N,)` each; p and w_sample are equal in a group.

    correct_ratio: p, NaN where the group has no row with a prediction.
    """

    advantages: Tensor
    correct_ratio: Tensor
    sample_weight: Tensor


def vulpo_advantages(
    total: Tensor,
    prediction: Tensor,
    vulnerable: Tensor,
    group_ids: Tensor,
    *,
    correct_threshold: float = -0.1,
    sample_weight: SampleWeight = "mask_saturated",
    lam: float = 1.0,
    weight_vulnerable: float = 1.0,
    weight_patched: float = 1.0,
    scale: str = "none",
) -> VULPOAdvantages:
    """`(N,)` rewards r, NaN = unscored, with r_pred and labels, to advantages; 0 for rows without r or r_pred.

    >>> total, prediction = torch.tensor([1.0, -0.4, 0.4, -0.6]), torch.tensor([0.4, -0.4, 0.4, -0.4])
    >>> group = torch.zeros(4, dtype=torch.long)
    >>> vulpo_advantages(total, prediction, torch.ones(4, dtype=torch.bool), group).advantages
    tensor([ 0.9000, -0.5000,  0.3000, -0.7000])

    correct_threshold: g. lam: λ of the "linear" weight. scale: "none", "group" or "batch", as in GRPO.

    Traps: p counts right predictions, not rewards. In the asymmetric table a patched function said to be safe has
    r_pred = 0, so g must be negative. With a scale, rewards that differ by a trifle count as much as any others, and
    weights of groups no longer follow from the size of the rewards.

    Raises:
        ValueError: shapes that differ, infinite rewards, an unknown name, or a setting that is negative or no number.
    """
    require_equal_shapes(total=total, prediction=prediction, vulnerable=vulnerable)
    require_within(-math.inf, math.inf, correct_threshold=correct_threshold)
    _require_weights(weight_vulnerable=weight_vulnerable, weight_patched=weight_patched, lam=lam)
    unscored = total.isnan() | prediction.isnan()
    total = total.masked_fill(unscored, torch.nan)
    correct = (prediction > correct_threshold).to(total).masked_fill(unscored, torch.nan)
    p = group_stats(correct, group_ids).mean
    w_sample = sample_weights(p, sample_weight, lam)
    w_label = torch.where(vulnerable, weight_vulnerable, weight_patched).to(total)
    return VULPOAdvantages(grpo_advantages(total, group_ids, scale) * w_sample * w_label, p, w_sample)


def sample_weights(correct_ratio: Tensor, how: SampleWeight = "mask_saturated", lam: float = 1.0) -> Tensor:
    """w_sample of every p, same shape; "linear" is 1 + λ(1 − p), which asks more of hard samples.

    >>> sample_weights(torch.tensor([0.0, 0.25, 1.0])), sample_weights(torch.tensor([0.0, 0.25, 1.0]), "linear")
    (tensor([0., 1., 0.]), tensor([2.0000, 1.7500, 1.0000]))
    """
    match how:
        case "mask_saturated":
            return ((correct_ratio > 0) & (correct_ratio < 1)).to(correct_ratio)
        case "none":
            return torch.ones_like(correct_ratio)
        case "linear":
            return (1 + lam * (1 - correct_ratio)).nan_to_num(nan=0.0)
    raise ValueError(f"unknown sample_weight {how!r}: expected {', '.join(map(repr, get_args(SampleWeight)))}")


def _require_weights(**weights: float) -> None:
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise ValueError(f"{name}={weight}: give a number that is 0 or more")


@dataclass
class VULPOConfig(ObjectiveConfig):
    """The settings of the authors' released code, in which p's mask is the sample weight and both labels weigh 1.

    Raises:
        ValueError: an unknown table or weighting, or a weight without meaning.
    """

    preset: Preset = field(
        default="asymmetric",
        metadata={"help": "Table of rewards: 'asymmetric' (safe reports on patched functions earn 0), 'symmetric', or "
        "'root_cause' (±1)."},
    )  # fmt: skip
    sample_weight: SampleWeight = field(
        default="mask_saturated",
        metadata={"help": "w_sample: 'mask_saturated' (0 where p is 0 or 1), 'none', or 'linear', 1 + λ(1 − p)."},
    )
    sample_weight_lambda: float = field(default=1.0, metadata={"help": "λ of the linear sample weight."})
    weight_vulnerable: float = field(default=1.0, metadata={"help": "w_label of vulnerable functions."})
    weight_patched: float = field(default=1.0, metadata={"help": "w_label of patched functions."})
    correct_threshold: float | None = field(
        default=None, metadata={"help": "g: a prediction is right if r_pred > g. Default: that of the table."}
    )
    prediction_reward: str | None = field(
        default=None,
        metadata={"help": "Name of the reward function that is r_pred. Default: the table's decisive part; a single "
        "reward function is r_pred itself."},
    )  # fmt: skip
    label_column: str = field(default="is_vulnerable", metadata={"help": "Boolean column y of the data set."})

    num_generations: int = field(default=8, metadata={"help": "G: reports on one function."})
    per_device_train_batch_size: int = field(default=1, metadata={"help": "Reports in a micro-batch."})
    gradient_accumulation_steps: int = field(default=32, metadata={"help": "Micro-batches of an update."})
    num_train_epochs: float = field(default=1.0, metadata={"help": "Passes over the data."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Peak learning rate."})
    lr_scheduler_type: str = field(default="linear", metadata={"help": "How the learning rate goes."})
    warmup_steps: float = field(default=0.1, metadata={"help": "Steps of warm-up; below 1, a share of all steps."})
    max_grad_norm: float = field(default=0.5, metadata={"help": "Norm to which gradients are clipped."})
    max_completion_length: int | None = field(default=16_384, metadata={"help": "Longest report, in tokens."})
    temperature: float = field(default=0.6, metadata={"help": "Of sampling."})
    top_p: float = field(default=0.95, metadata={"help": "Of sampling."})
    top_k: int = field(default=20, metadata={"help": "Of sampling."})
    loss_type: str = field(default="dapo", metadata={"help": "The average of the loss; here over all tokens."})
    epsilon: float = field(default=0.2, metadata={"help": "ε: how far the ratio may go."})
    beta: float = field(default=0.0, metadata={"help": "Coefficient of the KL divergence from the reference."})
    num_iterations: int = field(default=1, metadata={"help": "Updates for each generation."})
    scale_rewards: str = field(default="none", metadata={"help": "Rewards are centred in their group, not scaled."})

    def __post_init__(self) -> None:
        table = table_of(self.preset)
        self.correct_threshold = table.gate if self.correct_threshold is None else self.correct_threshold
        sample_weights(torch.ones(1), self.sample_weight)
        weights = ("sample_weight_lambda", "weight_vulnerable", "weight_patched")
        _require_weights(**{name: getattr(self, name) for name in weights})
        super().__post_init__()
        if self.multi_objective_aggregation != "sum_then_normalize":
            raise ValueError("VULPO centres the sum of the parts: leave multi_objective_aggregation at its default")


class VULPO(Objective):
    """Centred advantages with both weights; the loss is TRL's own."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.config.label_column,)

    def advantages(self, rollout: Rollout) -> Tensor:
        config = self.config
        prediction = rollout.rewards[:, self.prediction(rollout.reward_names)]
        vulnerable = labels_of(rollout.column(config.label_column), config.label_column).to(prediction.device)
        result = vulpo_advantages(
            rollout.scores,
            prediction,
            vulnerable,
            rollout.group_ids,
            correct_threshold=config.correct_threshold,
            sample_weight=config.sample_weight,
            lam=config.sample_weight_lambda,
            weight_vulnerable=config.weight_vulnerable,
            weight_patched=config.weight_patched,
            scale=config.scale_rewards,
        )
        p = result.correct_ratio
        rollout.log("vulpo/frac_saturated", ((p == 0) | (p == 1)).float().mean())
        for label, rows in {"vulnerable": vulnerable, "patched": ~vulnerable}.items():
            if (scored := rows & ~rollout.scores.isnan()).any():
                right = prediction[scored] > config.correct_threshold
                rollout.log(f"vulpo/{label}/reward", rollout.scores[scored].mean())
                rollout.log(f"vulpo/{label}/correct", right.float().mean())
        return result.advantages

    def prediction(self, names: Sequence[str]) -> int:
        """Which reward function is r_pred.

        Raises:
            ValueError: none of them has the name that is looked for.
        """
        wanted = self.config.prediction_reward
        if wanted is None and len(names) == 1:
            return 0
        wanted = wanted or table_of(self.config.preset).parts[0]
        if wanted not in names:
            raise ValueError(
                f"VULPO needs to see r_pred apart, and no reward function is called {wanted!r}: there are "
                f"{', '.join(names)}. Give a VulnerabilityJudge, or separate(vulnerability_reward(judge)), or set "
                "prediction_reward"
            )
        return list(names).index(wanted)


def labels_of(values: Sequence[Any], column: str) -> Tensor:
    """`(N,)` booleans.

    Raises:
        ValueError: a value that is none; the column is named.
    """
    if wrong := [value for value in values if value not in (0, 1)]:
        raise ValueError(
            f"the column {column!r} says whether a function is vulnerable, true or false; got {wrong[0]!r}"
        )
    return torch.tensor([bool(value) for value in values])


class VULPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that learns from graded reports about code.

        judge = LLMVulnerabilityJudge(OpenAICompatible(…), end=tokenizer.eos_token_id)
        trainer = VULPOTrainer(model, judge, args=VULPOConfig("out"), train_dataset=dataset)

    A `VulnerabilityJudge` stands for the four reward functions of the config's table, which share its verdicts and
    abstain together. Reward functions of one's own are used as they are; one of them must be r_pred. The data set has
    the boolean column `is_vulnerable`.

    Raises:
        ValueError: no reward function is r_pred, or the judge grades by another scheme than the table's.
    """

    objective_class: ClassVar[type[VULPO]] = VULPO
    config_class: ClassVar[type[VULPOConfig]] = VULPOConfig

    def __init__(
        self, model: Any, reward_funcs: Any = None, args: VULPOConfig | None = None, *more: Any, **named: Any
    ) -> None:
        config: Any = self._config(model, args)
        if isinstance(reward_funcs, VulnerabilityJudge):
            reward_funcs = separate(vulnerability_reward(reward_funcs, config.preset))
        super().__init__(model, reward_funcs, config, *more, **named)
        if isinstance(self.policy_objective, VULPO):
            self.policy_objective.prediction(self.reward_func_names)
