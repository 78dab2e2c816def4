r"""One policy of the front as an objective on TRL: a weighting (stage 1), or an extension under thresholds (stage 2).

Sequences take the place of time steps: J_j is the mean of reward j, kept as a running mean over generations that
begins at the parent's evaluated value.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ....rewards import State
from ...grpo import GRPO, grpo_advantages
from ...objectives import masked_mean
from ...seam import Batch, Objective, Rollout
from ...seam.objective import Metrics
from .barrier import barrier_weights, log_barrier, other_objectives, thresholds


class RunningMeans(State):
    """J of every objective: (1 − w) J + w · mean of the new batch; NaN changes nothing."""

    def __init__(self, name: str, start: list[float], weight: float) -> None:
        super().__init__(name)
        self.values, self.weight = list(start), weight

    def update(self, observation: list[float]) -> None:
        self.values = [
            old if math.isnan(new) else (1 - self.weight) * old + self.weight * new
            for old, new in zip(self.values, observation, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.values = list(saved["values"])
        self.discard()


class CMORL(Objective):
    """The group advantage of Σ_j c_j r_j; the loss is TRL's own.

    c is the preference; or in an extension 1 for its objective and 1/(t · slack_j) for the others, anew for every
    generation.

    Attributes:
        evaluated: `(prompts, m)` tensors, the mean rewards of each prompt's completions in the last evaluation.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        config.require_stage()
        self.evaluated: list[Tensor] = []
        self.J: RunningMeans | None = None
        if config.parent_value is not None:
            self.J = RunningMeans("objective_values", config.parent_value, config.mean_weight)

    @property
    def states(self) -> dict[str, State]:
        return {} if self.J is None else {self.J.name: self.J}

    @property
    def threshold(self) -> Tensor:
        """`(m,)` frozen at the parent's values."""
        return thresholds(torch.tensor(self.config.parent_value, dtype=torch.float64), self.config.beta_constraint)

    def advantages(self, rollout: Rollout) -> Tensor:
        rewards = rollout.rewards
        if not rollout.training:
            self.evaluated.append(rewards.unflatten(0, (-1, rollout.num_generations)).nanmean(1).double().cpu())
        weights = self.weights(rollout).to(rewards)
        total = (weights * rewards).nansum(1).masked_fill(rewards.isnan().all(1), torch.nan)
        return grpo_advantages(total, rollout.group_ids, scale=self.config.scale_rewards)

    def weights(self, rollout: Rollout) -> Tensor:
        """`(m,)` c."""
        if self.J is None:
            m = rollout.rewards.shape[1]
            return torch.tensor(self.config.preference or [1 / m] * m)
        if rollout.training:
            self.J.update(rollout.rewards.nanmean(0).tolist())
        found = barrier_weights(
            torch.tensor(self.J.values, dtype=torch.float64),
            self.threshold,
            self.config.objective,
            t=self.config.barrier_t,
            slack_floor=self.config.slack_floor,
        )
        for j, name in enumerate(rollout.reward_names):
            rollout.log(f"c_morl/{name}/value", found.J[j])
            if j != self.config.objective:
                rollout.log(f"c_morl/{name}/slack", found.J[j] - found.threshold[j])
                rollout.log(f"c_morl/{name}/weight", found.weights[j])
        return found.weights


class CMORLBarrier(CMORL, GRPO):
    """The loss form: the group advantage of the objective alone, and the log barrier in the loss."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if config.objective is None:
            raise ValueError("the barrier belongs to stage 2: give the config an objective and its parent_value")

    def weights(self, rollout: Rollout) -> Tensor:
        super().weights(rollout)  # which follows J, and logs it
        return torch.eye(rollout.rewards.shape[1])[self.config.objective]

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        """GRPO's clipped surrogate + the barrier of the micro-batch."""
        surrogate, metrics = super().loss(batch)
        config, others = self.config, other_objectives(self.config.objective, batch.rewards.shape[1])
        log_ratio = torch.where(batch.mask > 0, batch.logps - batch.old_logps, 0.0)
        log_ratio = masked_mean(log_ratio, batch.mask, dim=-1) if config.ratio == "mean" else log_ratio.sum(-1)
        barrier = log_barrier(
            log_ratio.clamp(-20, 20).exp().clamp(1 - self.eps_low, 1 + self.eps_high),
            batch.rewards[:, others],
            self.threshold.to(batch.rewards)[others],
            t=config.barrier_t,
            slack_floor=config.slack_floor,
        )
        return surrogate + barrier, {**metrics, "c_morl/barrier": barrier.detach()}
