"""SRPO: GRPO in which a failure is paid for how near it came to the batch's own successes.

    r_i = 1 for a success, else cap · σ(…) of its distance to the successes     `rewards/self_reference/`
    A_i = (R_i − mean R) / (std R + 1e-6)              over the G answers of one prompt; or R_i − mean R
    L   = mean over answers of their token means of −min(ρ·A, clip(ρ, 1 − ε_low, 1 + ε_high)·A)

"SRPO: Self-Referential Policy Optimization for Vision-Language-Action Models", arXiv 2511.15605.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...judges import ExactJudge, Judge
from ...rewards import Reward, SelfReference
from ..composing import composed
from ..grpo import check_statistics, grpo_advantages
from ..objectives import clipped_token_mean, group_stats, masked_mean
from ..seam import Objective, ObjectiveConfig, ObjectiveTrainer, Rollout

REWARD_SETTINGS = ("scope", "normalizer", "cap", "eps", "min_samples", "l2_normalize")


def group_advantage(
    rewards: Tensor, group_ids: Tensor, *, epsilon: float = 1e-6, ddof: int = 1, scale_by_std: bool = True
) -> Tensor:
    """`(N,)` advantages of `(N,)` rewards, NaN = unscored: GRPO's, but a row alone in its group keeps its reward.

    >>> group_advantage(torch.tensor([1.0, 0.0, 0.7]), torch.tensor([0, 0, 1]), scale_by_std=False)
    tensor([ 0.5000, -0.5000,  0.7000])

    Raises:
        ValueError: infinite rewards, epsilon or ddof out of range.
    """
    scale = "group" if scale_by_std else "none"
    advantages = grpo_advantages(rewards, group_ids, scale, eps=epsilon, ddof=ddof)
    alone = (group_stats(rewards, group_ids).count == 1) & ~rewards.isnan()
    return torch.where(alone, rewards / (1 + epsilon) if scale_by_std else rewards, advantages)


@dataclass(frozen=True, eq=False)
class PolicyLoss:
    """A loss, the share of tokens that the clip holds, and the mean of −log ρ; 0-d tensors."""

    loss: Tensor
    clip_fraction: Tensor
    approx_kl: Tensor


def clipped_policy_loss(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
    clip_c: float = 10_000.0,
) -> PolicyLoss:
    """The clipped loss of one micro-batch as a mean over its tokens; log ρ within ±20.

    log_prob, old_log_prob, mask: `(b, T)`. advantages: `(b,)`. With one answer a micro-batch, the mean over
    micro-batches is the mean over answers that the trainer gets from TRL with `loss_type="grpo"`.

    Raises:
        ValueError: shapes that differ, or a clip_c that is not above 1.
    """
    clipped = clipped_token_mean(log_prob, old_log_prob, advantages, mask, clip_low, clip_high, clip_c)
    minus_log_ratio = (old_log_prob - log_prob).detach().clamp(-20, 20)
    return PolicyLoss(clipped.loss, clipped.clip_fraction, masked_mean(minus_log_ratio, mask))


@dataclass
class SRPOConfig(ObjectiveConfig):
    """The paper's hyperparameters, and TRL's with the values of the released training script.

    Its temperature of 1.6 is for tokens of actions, and is left to the caller.

    Raises:
        ValueError: a value without meaning, or a group that several processes would share.
        ImportError: scikit-learn is not installed.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "scale_rewards": "group",
        "multi_objective_aggregation": "sum_then_normalize",
    }

    scope: str | None = field(
        default=None, metadata={"help": "Column whose equal values share successes; by default the prompt."}
    )
    normalizer: str = field(
        default="minmax", metadata={"help": "Distances are 'minmax' scaled (the code) or 'zscore' (the paper)."}
    )
    cap: float | None = field(
        default=None, metadata={"help": "What no failure reaches. Default: 0.6 for minmax, 0.8 for zscore."}
    )
    eps: str | float = field(
        default="auto", metadata={"help": "Radius of DBSCAN among z-scored successes; the code has 0.5."}
    )
    min_samples: int = field(default=2, metadata={"help": "Successes that make a cluster."})
    l2_normalize: bool = field(default=False, metadata={"help": "Measure encodings of length 1."})
    scale_by_std: bool = field(
        default=True, metadata={"help": "Divide advantages by the group's standard deviation; without, R − mean R."}
    )
    advantage_eps: float = field(default=1e-6, metadata={"help": "Added to a group's standard deviation."})
    ddof: int = field(default=1, metadata={"help": "1: sample standard deviation (the code's); 0: the paper's."})

    num_generations: int = field(default=8, metadata={"help": "G: answers to a prompt."})
    learning_rate: float = field(default=5e-6, metadata={"help": "Peak learning rate."})
    epsilon: float = field(default=0.2, metadata={"help": "ε_low: how far down the ratio may go."})
    epsilon_high: float | None = field(default=0.28, metadata={"help": "ε_high: how far up."})
    beta: float = field(default=0.0, metadata={"help": "Coefficient of the KL divergence; the paper has one above 0."})
    loss_type: str = field(default="grpo", metadata={"help": "Mean over answers of token means."})
    max_grad_norm: float = field(default=1.0, metadata={"help": "Norm to which gradients are clipped."})

    def __post_init__(self) -> None:
        if isinstance(self.eps, str) and self.eps != "auto":
            self.eps = float(self.eps)  # a command line gives text
        check_statistics(torch.zeros(0), self.advantage_eps, self.ddof)
        self.reward(ExactJudge())  # whatever the judge, a bad value raises here
        super().__post_init__()
        rows = self.per_device_train_batch_size * (self.steps_per_generation or 1)
        if self.world_size > 1 and rows % self.num_generations:
            raise ValueError(
                f"every process compares its own failures with its own successes: {rows} completions a process "
                "(per_device_train_batch_size times steps_per_generation) are not a multiple of the "
                f"{self.num_generations} of a prompt"
            )

    def reward(self, success: Reward | Judge, encoder: Any = None) -> Reward:
        """The reward of these settings around a judge of success, named "srpo" so that it is logged."""
        settings: dict[str, Any] = {name: getattr(self, name) for name in REWARD_SETTINGS}
        return SelfReference(encoder, success, **settings).named("srpo")


class SRPO(Objective):
    """GRPO's advantages with the released code's statistics; the clipped loss is TRL's own."""

    def advantages(self, rollout: Rollout) -> Tensor:
        config = self.config
        # A row that is alone because the others abstain has nothing to be compared with: 0, not `group_advantage`.
        return grpo_advantages(
            rollout.scores,
            rollout.group_ids,
            "group" if config.scale_by_std else "none",
            eps=config.advantage_eps,
            ddof=config.ddof,
        )


class SRPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` in which failures are paid for how near they came to the successes beside them.

        trainer = SRPOTrainer(model, MathJudge(), args=SRPOConfig("out"), train_dataset=dataset)

    `reward_funcs` is what it was with `GRPOTrainer`: a judge, a composed reward or any reward function (1 is right). Of
    a list the first says what is right and the others stay as they are. It is put into a `SelfReference` with hashed
    n-grams; for another encoder compose it, `SelfReference(encoder, judge)`: that is left alone.

    Every process uses the successes of its own rows.

    Raises:
        TypeError: success is to come from a reward model, which cannot say whether an answer is right.
        ValueError: the reward is composed already, so that settings of the config would be ignored.
    """

    objective_class: ClassVar[type[SRPO]] = SRPO
    config_class: ClassVar[type[SRPOConfig]] = SRPOConfig

    def __init__(
        self, model: Any, reward_funcs: Any = None, args: SRPOConfig | None = None, *more: Any, **named: Any
    ) -> None:
        config: Any = self._config(model, args)
        rewards = composed(reward_funcs, SelfReference, config, REWARD_SETTINGS)
        super().__init__(model, rewards, config, *more, **named)
