"""POAD's config, objective and trainer: episodes as rows of TRL, credit by token, a critic beside the policy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from ...critic import CriticConfig, CriticObjective, CriticTrainer
from ...environments import Environment, play
from ...objectives import clipped_surrogate, clipped_tokens, importance_ratio, kl_k3, masked_mean
from ...seam import Batch, Chain, Policy, Rollout
from .advantages import Credit, decomposed_gae, first_tokens
from .loss import action_surrogate, normalised

EnvironmentOf = Callable[[Mapping[str, Any]], Environment]
"""A new episode from the data set's row; what it shows first is the row's prompt."""
FIXED: dict[str, Any] = {"beta": 0.0, "importance_sampling_level": "token", "delta": None, "epsilon_high": None}


@dataclass
class POADConfig(CriticConfig):
    """The settings of the authors' code.

    Raises:
        ValueError: a value without meaning, or a setting of TRL's that this objective would ignore.
    """

    credit: Credit = field(
        default="poad",
        metadata={"help": "'poad': no discount inside an action; 'ntpo': one after every token; 'action': PPO on whole "
        "actions."},
    )  # fmt: skip
    max_turns: int = field(default=8, metadata={"help": "Actions of an episode at most."})
    max_action_length: int | None = field(default=10, metadata={"help": "Tokens of an action at most."})
    action_end: str | None = field(
        default=None, metadata={"help": "A text that ends an action, as the end token does."}
    )
    max_kl: float = field(
        default=0.02, metadata={"help": "An update whose KL is above leaves the policy as it is; the critic learns."}
    )

    gae_gamma: float = field(default=0.95, metadata={"help": "γ: discount from action to action."})
    gae_lambda: float = field(default=0.95, metadata={"help": "λ, at every token."})
    value_coef: float = field(default=0.5, metadata={"help": "c_v: weight of the critic's loss."})
    critic_learning_rate: float | None = field(default=5e-5, metadata={"help": "Learning rate of the critic."})
    epsilon: float = field(default=0.2, metadata={"help": "ε: the clip of the policy's ratio."})
    entropy_coef: float = field(default=0.01, metadata={"help": "c_ent: what a nat of entropy is worth."})
    beta: float = field(default=0.0, metadata={"help": "Must stay 0: there is no reference."})
    loss_type: str = field(default="bnpo", metadata={"help": "The average of both losses; here over tokens."})
    num_iterations: int = field(default=5, metadata={"help": "Passes over a generation."})
    updates_per_generation: int | None = field(default=2, metadata={"help": "Optimiser steps of each pass."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Learning rate of the policy."})
    adam_epsilon: float = field(default=1e-5, metadata={"help": "ε of AdamW."})
    max_grad_norm: float = field(default=0.5, metadata={"help": "Norm to which gradients are clipped."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.credit not in get_args(Credit):
            raise ValueError(f"credit={self.credit!r}: give {', '.join(map(repr, get_args(Credit)))}")
        for name in ("max_turns", "max_action_length"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: give 1 or more")
        if not self.max_kl > 0:
            raise ValueError(f"max_kl={self.max_kl}: give a number above 0; infinity never leaves an update out")
        for name, value in FIXED.items():
            if getattr(self, name) != value:
                raise ValueError(f"POAD has its own terms: leave {name} at {value!r}, not {getattr(self, name)!r}")


class POAD(CriticObjective):
    """Episodes of actions, each action earning its own reward; every token is credited by a critic.

    Without an environment a completion is one action, drawn by TRL, and its score is the action's reward.

    Attributes:
        environment: given by `POADTrainer`.
        scored: whether the reward functions' score is earned by the last action, beside what the environment gave.
        moved: sum of the tokens' KL and their number, since the last update.
    """

    environment: EnvironmentOf | None = None
    scored: bool = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.moved: list[tuple[Tensor, Tensor]] = []

    def draws(self, training: bool) -> bool:
        """With an environment, in training and in evaluation."""
        return self.environment is not None

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        config = self.config
        assert self.environment is not None
        episodes = play(
            chains,
            policy,
            [self.environment(chain.row) for chain in chains],
            config.max_turns,
            stop=[config.action_end] if config.action_end else (),
            tokens=config.max_action_length,
        )
        for chain, exchanges in zip(chains, episodes, strict=True):
            spoken = [exchange for exchange in exchanges if exchange.segment.ids]
            chain.columns["action_ends"] = [exchange.end - 1 for exchange in spoken]
            chain.columns["action_rewards"] = [float(exchange.reply.reward) for exchange in spoken]

    def advantages(self, rollout: Rollout) -> dict[str, Tensor]:
        config = self.config
        scores = rollout.local(rollout.scores)
        scored = ~scores.isnan()
        mask = rollout.mask * scored.unsqueeze(1)
        rewards, last = self._earned(rollout, mask, scores.nan_to_num() if self.scored else torch.zeros_like(scores))
        contexts = self.read(rollout)
        values = self.values(contexts, rollout.completion_ids)
        found = decomposed_gae(
            rewards, values, mask, last, gamma=config.gae_gamma, lam=config.gae_lambda, mode=config.credit
        )
        self._log(rollout, rewards, last)
        return {
            "advantages": normalised(found.adv, mask, rollout.gather),
            "keep": scored,
            "last": last,
            **self.fit(contexts, values, found.tdlamret),
        }

    def _earned(self, rollout: Rollout, mask: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """`(B, T)` rewards at the last tokens of actions, and where those are."""
        rewards, last = torch.zeros_like(mask, dtype=scores.dtype), torch.zeros_like(mask, dtype=torch.bool)
        for row, columns in enumerate(rollout.rows):
            own = mask[row].nonzero().flatten().tolist()
            if not own:
                continue
            ends = columns.get("action_ends") or [own[-1]]
            for end, reward in zip(ends, columns.get("action_rewards") or [0.0], strict=True):
                if not math.isfinite(reward):
                    raise ValueError(f"the environment gave the reward {reward} to an action of row {row}")
                rewards[row, end] += reward
                last[row, end] = True
            rewards[row, own[-1]] += scores[row]
        return rewards, last

    def _log(self, rollout: Rollout, rewards: Tensor, last: Tensor) -> None:
        rollout.log("poad/return", rollout.gather(rewards.sum(1)).mean())
        rollout.log("poad/actions", rollout.gather(last.sum(1).float()).mean())

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        kl = torch.where(batch.mask > 0, kl_k3(batch.old_logps, batch.logps), 0.0).detach()
        if batch.training:
            self.moved.append((kl.sum(), batch.mask.sum()))
        ratio = importance_ratio(batch.logps, batch.old_logps, batch.mask)
        low, high = clipped_tokens(ratio, batch.advantages, config.epsilon, config.epsilon)
        policy_loss, value_loss, metrics = self._losses(batch, ratio)
        return policy_loss + config.value_coef * value_loss, {
            "poad/approx_kl": kl,
            "clip_ratio/low_mean": low,
            "clip_ratio/high_mean": high,
            **metrics,
        }

    def _losses(self, batch: Batch, ratio: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        config = self.config
        if config.credit != "action":
            per_token = clipped_surrogate(ratio, batch.advantages, config.epsilon, config.epsilon)
            if batch.sampling_ratio is not None:
                per_token = per_token * batch.sampling_ratio
            return self.aggregate(batch, per_token), *self.value_loss(batch)
        last = batch["last"]
        per_action = action_surrogate(batch.logps, batch.old_logps, batch.advantages, batch.mask, last, config.epsilon)
        firsts = replace(batch, mask=first_tokens(batch.mask, last).to(batch.mask))
        value_loss, metrics = self.value_loss(firsts)
        return masked_mean(per_action, last & (batch.mask > 0)), value_loss, metrics


class POADTrainer(CriticTrainer):
    """Token PPO with a critic, for agents that act in words.

        trainer = POADTrainer(model, args=POADConfig("out"), train_dataset=dataset, environment=Kitchen)

    `environment(row)` starts an episode; its `step(said)` gives what the model reads next, the reward of the action and
    whether that was the end. Reward functions are not needed then; what they say is earned by the last action on top.
    Without an environment, a completion is one action and the reward functions say what it is worth.

    Raises:
        ValueError: neither an environment nor reward functions.
    """

    objective_class: ClassVar[type[POAD]] = POAD
    config_class: ClassVar[type[POADConfig]] = POADConfig

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: POADConfig | None = None,
        *more: Any,
        environment: EnvironmentOf | None = None,
        objective: Any = None,
        **named: Any,
    ) -> None:
        config: Any = self._config(model, args)
        if environment is None and reward_funcs is None:
            raise ValueError("give an environment, or reward_funcs that say what a completion is worth")
        chosen = objective or self.objective_class  # built here, since how it draws depends on the environment
        objective = chosen(config) if isinstance(chosen, type) else chosen
        objective.environment, objective.scored = environment, reward_funcs is not None
        rewards = episode_return if reward_funcs is None else reward_funcs
        super().__init__(model, rewards, config, *more, objective=objective, **named)

    def leaves_policy_out(self) -> bool:
        """Whether the policy has moved too far: the KL of all tokens of the update, over all processes."""
        assert isinstance(self.policy_objective, POAD)
        moved = self.policy_objective.moved
        sums = torch.stack([torch.stack([kl.float(), count.float()]) for kl, count in moved]).sum(0)
        moved.clear()
        total, tokens = self.accelerator.reduce(sums, reduction="sum")
        return bool(total / tokens.clamp(min=1) > self.args.max_kl)


def episode_return(completions: Sequence[Any], action_rewards: Sequence[Sequence[float]], **_: Any) -> list[float]:
    """The reward functions' part where there are none: the sum of what the environment gave, to be logged."""
    return [sum(rewards) for rewards in action_rewards]
