"""NGRPO: groups that are all wrong teach too, because a perfect answer nobody gave is counted in.

    x   = [r_1 … r_G] + [r_max] × v           the rewards of a group and v virtual ones
    A_i = (r_i − mean x) / (std x + 1e-6)     for the G real answers only
    L   = agg_it [ max( −A·ρ, −A·clip(ρ, 1−0.16, 1+0.24) ) ]

All wrong: A = −1/√(G+1) whatever the gap. All right: A = 0. The advantages of a group sum to a negative number, which
is why negative ones are clipped tighter than positive ones.

"NGRPO: Negative-enhanced Group Relative Policy Optimization", arXiv 2509.18851.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from ..grpo import check_statistics
from ..objectives import (
    aggregate,
    clipped_surrogate,
    clipped_tokens,
    group_stats,
    importance_ratio,
    masked_mean,
    require_equal_shapes,
    require_finite,
    require_within,
)
from ..seam import Objective, ObjectiveConfig, ObjectiveTrainer, Rollout

Strategy = Literal["all_correct", "all_incorrect", "all"]
Filter = Literal["all_correct", "all_incorrect", "all", "none"]

NEAR = 1e-5
"""Rewards this close to r_max count as r_max: an advantage does not depend on the size of the gap to it."""


def ngrpo_advantage(
    rewards: Tensor,
    group_ids: Tensor,
    *,
    max_reward: float = 1.0,
    num_virtual: int = 1,
    eps: float = 1e-6,
    ddof: int = 1,
) -> Tensor:
    """`(N,)` rewards, NaN = unscored, to `(N,)` advantages; 0 for rows without a reward.

    >>> ngrpo_advantage(torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.tensor([0, 0, 1, 1]))
    tensor([ 0.5773, -1.1547, -0.5773, -0.5773])

    max_reward: r_max, the largest reward possible. num_virtual: v; with 0 this is GRPO with the same eps.
    ddof: 1 for the sample's standard deviation as in the paper's code and figure, 0 for its printed equation.

    Trap: a group of one row has no virtual answer, A = r / (1 + eps), as in the paper's code.

    Raises:
        ValueError: infinite rewards, or a setting out of its range.
    """
    check_statistics(rewards, eps, ddof)
    if num_virtual < 0:
        raise ValueError(f"num_virtual={num_virtual}: give 0 (plain GRPO) or more")
    if not math.isfinite(max_reward):
        raise ValueError(f"max_reward={max_reward}: give the largest reward possible")
    rewards = torch.where((rewards - max_reward).abs() <= NEAR, max_reward, rewards)
    virtual_ids = torch.unique(group_ids).repeat(num_virtual)
    virtual = rewards.new_full(virtual_ids.shape, max_reward)
    stats = group_stats(torch.cat([rewards, virtual]), torch.cat([group_ids, virtual_ids]), ddof=ddof)
    mean, std = stats.mean[: len(rewards)], stats.std[: len(rewards)]
    alone = group_stats(torch.ones_like(rewards), group_ids).count == 1
    advantages = torch.where(alone, rewards / (1 + eps), (rewards - mean) / (std + eps))
    return advantages.nan_to_num(nan=0.0)


def all_right(rewards: Tensor, group_ids: Tensor, max_reward: float = 1.0) -> Tensor:
    """`(N,)` whether every scored row of the row's group has r_max; False where no row is scored."""
    return _share(rewards, (rewards - max_reward).abs() <= NEAR, group_ids) == 1


def all_wrong(rewards: Tensor, group_ids: Tensor) -> Tensor:
    """`(N,)` whether no scored row of the row's group has a positive reward; False where no row is scored."""
    return _share(rewards, rewards > 0, group_ids) == 0


def _share(rewards: Tensor, holds: Tensor, group_ids: Tensor) -> Tensor:
    """`(N,)` for how much of the row's group something holds, among the scored; NaN where none is."""
    return group_stats(holds.to(rewards).masked_fill(rewards.isnan(), torch.nan), group_ids).mean


def ngrpo_filter(
    rewards: Tensor, group_ids: Tensor, strategy: Strategy = "all_correct", *, max_reward: float = 1.0
) -> Tensor:
    """`(N,)` which rows to train on, group by group.

    "all_correct" drops groups that are all right, "all_incorrect" those all wrong, "all" both; each drops groups
    without any reward.

    >>> ngrpo_filter(torch.tensor([1.0, 1.0, 0.0, 0.0]), torch.tensor([0, 0, 1, 1]))
    tensor([False, False,  True,  True])
    """
    if strategy not in get_args(Strategy):
        raise ValueError(f"unknown strategy {strategy!r}: expected {', '.join(map(repr, get_args(Strategy)))}")
    keep = group_stats(rewards, group_ids).count > 0
    if strategy != "all_incorrect":
        keep &= ~all_right(rewards, group_ids, max_reward)
    if strategy != "all_correct":
        keep &= ~all_wrong(rewards, group_ids)
    return keep


def ngrpo_loss(
    logps: Tensor,
    old_logps: Tensor,
    mask: Tensor,
    advantages: Tensor,
    *,
    eps_low: float = 0.16,
    eps_high: float = 0.24,
) -> tuple[Tensor, Tensor]:
    """The clipped loss as a mean over tokens, and the share of tokens that the clip holds: two 0-d tensors.

    logps, old_logps, mask: `(b, T)`. advantages: `(b,)`. The trainer gets the same from TRL.

    The paper speaks of 1 ± eps_high for A > 0 and 1 ± eps_low for A < 0. Under the max only the upper bound acts on
    the first and only the lower one on the second, so one clip does both.

    Raises:
        ValueError: shapes that differ, advantages that are not finite, a negative limit or an eps_low above 1.
    """
    require_equal_shapes(logps=logps, old_logps=old_logps, mask=mask)
    require_equal_shapes(rows=mask.sum(1), advantages=advantages)
    require_finite(advantages=advantages)
    require_within(0.0, 1.0, eps_low=eps_low)
    require_within(0.0, math.inf, eps_high=eps_high)
    ratio, A = importance_ratio(logps, old_logps, mask), advantages.unsqueeze(1)
    low, high = clipped_tokens(ratio, A, eps_low, eps_high)
    loss = aggregate(
        clipped_surrogate(ratio, A, eps_low, eps_high), mask, "bnpo", num_items=mask.sum(), max_length=mask.shape[1]
    )
    return loss, masked_mean((low | high).to(logps), mask)


@dataclass
class NGRPOConfig(ObjectiveConfig):
    """The paper's hyperparameters, and TRL's with the paper's values.

    Raises:
        ValueError: a value without meaning, or a setting of TRL's that calibrated advantages would ignore.
    """

    num_virtual: int = field(
        default=1, metadata={"help": "v: virtual answers with r_max in the statistics of a group."}
    )
    max_reward: float | None = field(
        default=None,
        metadata={
            "help": "r_max: the largest possible weighted sum of the rewards. By default what they say themselves: a "
            "composed reward knows its bounds, a judge or any other function gives at most 1."
        },
    )
    ddof: int = field(default=1, metadata={"help": "1: sample standard deviation (the code's); 0: the equation's."})
    advantage_eps: float = field(default=1e-6, metadata={"help": "Added to a group's standard deviation."})
    filter: Filter = field(
        default="all_correct",
        metadata={"help": "Groups to leave out of the loss: 'all_correct', 'all_incorrect', 'all' (both) or 'none'."},
    )
    updates_per_generation: int | None = field(
        default=4,
        metadata={
            "help": "Mini-batches of a generation, one update each, unless steps_per_generation or "
            "generation_batch_size is given."
        },
    )

    num_generations: int = field(default=8, metadata={"help": "G: answers to a prompt."})
    epsilon: float = field(default=0.16, metadata={"help": "ε_neg: how far down the ratio of a bad answer may go."})
    epsilon_high: float | None = field(
        default=0.24, metadata={"help": "ε_pos: how far up the ratio of a good answer may go."}
    )
    beta: float = field(default=0.0, metadata={"help": "Coefficient of the KL divergence from the reference."})
    entropy_coef: float = field(default=0.001, metadata={"help": "Coefficient of the entropy bonus."})
    loss_type: str = field(default="dapo", metadata={"help": "The average of the loss; here over all tokens."})
    max_completion_length: int | None = field(default=3072, metadata={"help": "Longest answer, in tokens."})

    def __post_init__(self) -> None:
        if self.num_virtual < 0:
            raise ValueError(f"num_virtual={self.num_virtual}: give 0 (plain GRPO) or more")
        if self.max_reward is not None and not math.isfinite(self.max_reward):
            raise ValueError(f"max_reward={self.max_reward}: give the largest possible weighted sum of the rewards")
        if self.ddof not in (0, 1):
            raise ValueError(f"ddof={self.ddof}: give 1 (sample standard deviation) or 0 (population)")
        if not self.advantage_eps > 0:
            raise ValueError(f"advantage_eps={self.advantage_eps}: give a small positive number, such as 1e-6")
        if self.filter not in get_args(Filter):
            raise ValueError(f"filter={self.filter!r}: give {', '.join(map(repr, get_args(Filter)))}")
        super().__post_init__()
        if self.scale_rewards != "group" or self.multi_objective_aggregation != "sum_then_normalize":
            raise ValueError(
                "NGRPO calibrates the weighted sum of the rewards in its group: leave scale_rewards and "
                "multi_objective_aggregation at their defaults"
            )


class NGRPO(Objective):
    """Calibrated advantages and the group filter; the clipped loss is TRL's own.

    ranges: (least, greatest) score of each reward function, for r_max where the config does not give it.
    """

    ranges: Sequence[tuple[float, float]] | None = None

    def max_reward(self, weights: Tensor) -> float:
        """r_max of the weighted sum; `weights` `(F,)` may change from step to step.

        Raises:
            ValueError: the config does not give it, and a reward that counts has no greatest score.
        """
        if self.config.max_reward is not None:
            return float(self.config.max_reward)
        ranges = self.ranges or [(0.0, 1.0)] * len(weights)
        weighed = [(w, ends) for w, ends in zip(weights.tolist(), ranges, strict=True) if w]
        r_max = sum(max(w * low, w * high) for w, (low, high) in weighed)
        if math.isinf(r_max):
            raise ValueError(
                "NGRPO compares with a perfect answer, and one of the rewards has no greatest score: set max_reward to "
                "the largest possible weighted sum, or bound the reward (for example with .clip(0, 1))"
            )
        return r_max

    def advantages(self, rollout: Rollout) -> dict[str, Tensor]:
        config, scores, groups = self.config, rollout.scores, rollout.group_ids
        r_max = self.max_reward(rollout.weights)
        if (scores > r_max + NEAR).any():
            warnings.warn(
                f"a reward is above max_reward={r_max:g}, so answers below it are no mistakes to NGRPO: set max_reward "
                "to the largest possible weighted sum of the rewards",
                stacklevel=2,
            )
        rollout.log("ngrpo/frac_all_wrong", all_wrong(scores, groups).float().mean())
        rollout.log("ngrpo/frac_all_right", all_right(scores, groups, r_max).float().mean())
        advantages = ngrpo_advantage(
            scores,
            groups,
            max_reward=r_max,
            num_virtual=config.num_virtual,
            eps=config.advantage_eps,
            ddof=config.ddof,
        )
        return {"advantages": advantages, "keep": self.keep(scores, groups, r_max)}

    def keep(self, scores: Tensor, group_ids: Tensor, r_max: float) -> Tensor:
        """`(N,)` which rows are in the loss and its denominators: all of them where the filter would leave none."""
        everything = torch.ones_like(scores, dtype=torch.bool)
        if self.config.filter == "none":
            return everything
        keep = ngrpo_filter(scores, group_ids, self.config.filter, max_reward=r_max)
        return keep if keep.any() else everything


class NGRPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that learns from prompts it always fails.

        trainer = NGRPOTrainer(model, MathJudge(), args=NGRPOConfig("out"), train_dataset=dataset)

    Raises:
        ValueError: the config gives no `max_reward`, and a reward that counts has no greatest score.
    """

    objective_class: ClassVar[type[NGRPO]] = NGRPO
    config_class: ClassVar[type[NGRPOConfig]] = NGRPOConfig

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        if isinstance(self.policy_objective, NGRPO):
            self.policy_objective.ranges = [_range(reward) for reward in self.reward_funcs]
            self.policy_objective.max_reward(self.reward_weights)


def _range(reward: Any) -> tuple[float, float]:
    """The least and the greatest score of a reward function; [0, 1] where it does not say."""
    if isinstance(reward, torch.nn.Module):
        return -math.inf, math.inf
    low, high = getattr(reward, "bounds", (0.0, 1.0))
    return low, high
