"""AEPO's config, objective and trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...environments import Tool, Tools, play
from ...grpo import GRPO, grpo_advantages
from ...objectives import require_within
from ...seam import Batch, Chain, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from .branching import BranchRule, Reduce, step_entropy
from .drawing import Exploration, ToolBox, draw
from .loss import Scope, balanced_surrogate, check_scope, entropy_advantages, entropy_moments


@dataclass
class AEPOConfig(ObjectiveConfig):
    """The settings of the authors' code.

    Raises:
        ValueError: a setting outside its range, or one of GRPO's that this loss would ignore.
    """

    fixed: ClassVar[Mapping[str, Any]] = {"multi_objective_aggregation": "sum_then_normalize"}

    initial_rollouts: int | None = field(
        default=None, metadata={"help": "m: rollouts from the root, without monitoring. Default: half of a group."}
    )
    entropy_monitoring: bool = field(
        default=False, metadata={"help": "m from two probes of every prompt: an answer at once, and one with tools."}
    )
    monitoring_beta: float = field(default=0.5, metadata={"help": "β of the monitoring."})
    probe_tokens: int = field(default=50, metadata={"help": "Length of the probe without tools."})
    branch_entropy_weight: float = field(default=0.2, metadata={"help": "w: what a rise in entropy adds to p."})
    branch_penalty: float = field(default=0.05, metadata={"help": "What a round of branching in a row costs."})
    branch_threshold: float = field(default=0.5, metadata={"help": "A chain branches where p is that much or more."})
    max_tool_calls: int = field(default=6, metadata={"help": "Calls of one rollout that are answered."})
    entropy_tokens: int = field(default=20, metadata={"help": "First tokens of a segment, for its entropy."})
    entropy_top: int = field(default=10, metadata={"help": "Likeliest tokens that its entropy is taken over."})
    entropy_reduce: Reduce = field(default="sum", metadata={"help": "A segment's entropy: 'sum' or 'mean'."})
    entropy_advantage: bool = field(default=True, metadata={"help": "Weigh advantages by standardised entropy."})
    alpha_entropy: float = field(default=0.2, metadata={"help": "α: how much."})
    clamp_factor: bool = field(default=True, metadata={"help": "The weight is never below 0."})
    entropy_scope: Scope = field(
        default="micro_batch",
        metadata={"help": "Mean and deviation of the entropies: of the 'micro_batch', as in the authors' code, or of "
        "the whole 'generation', over all processes and independent of its split."},
    )  # fmt: skip
    balanced_clip: bool = field(default=True, metadata={"help": "Keep a gradient above the clip. False: PPO's clip."})

    num_generations: int = field(default=16, metadata={"help": "k: rollouts of a prompt."})
    updates_per_generation: int | None = field(default=8, metadata={"help": "Optimiser steps for each generation."})
    delta: float | None = field(default=3.0, metadata={"help": "c: what a ratio counts at most where A < 0."})
    epsilon: float = field(default=0.2, metadata={"help": "ε of the clip."})
    beta: float = field(default=0.0, metadata={"help": "Coefficient of the KL divergence from the reference."})
    loss_type: str = field(default="bnpo", metadata={"help": "The average of the loss; here over tokens."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Peak learning rate."})
    max_completion_length: int | None = field(default=6192, metadata={"help": "Longest rollout, with tool results."})
    advantage_eps: float = field(default=1e-6, metadata={"help": "Added to a group's standard deviation."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exploration()
        check_scope(self.entropy_scope)
        require_within(0.0, float("inf"), alpha_entropy=self.alpha_entropy, advantage_eps=self.advantage_eps)
        if self.delta is not None and self.delta < 1:
            raise ValueError(f"delta={self.delta}: a ratio counts 1 or more; give at least 1, or None")
        if self.importance_sampling_level != "token":
            raise ValueError("AEPO clips one ratio a token: importance_sampling_level must stay 'token'")

    def exploration(self) -> Exploration:
        """How rollouts come about.

        Raises:
            ValueError: a setting outside its range.
        """
        for name in ("probe_tokens", "max_tool_calls", "entropy_top"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: give 1 or more")
        if self.initial_rollouts is not None and not 1 <= self.initial_rollouts <= self.num_generations:
            raise ValueError(f"initial_rollouts={self.initial_rollouts}: give 1 to num_generations")
        require_within(0.0, float("inf"), monitoring_beta=self.monitoring_beta)
        step_entropy([], 2, self.entropy_tokens, self.entropy_reduce)
        return Exploration(
            roots=self.initial_rollouts,
            monitored=self.entropy_monitoring,
            beta=self.monitoring_beta,
            probe_tokens=self.probe_tokens,
            rule=BranchRule(self.branch_entropy_weight, self.branch_penalty, self.branch_threshold),
            max_calls=self.max_tool_calls,
            entropy_tokens=self.entropy_tokens,
            entropy_top=self.entropy_top,
            entropy_reduce=self.entropy_reduce,
        )


class AEPO(GRPO):
    """Rollouts that branch at tool results, advantages weighed by entropy, and a clip that keeps a gradient.

    tools: given by `AEPOTrainer`; without any, all rollouts start at the root and are a single turn.
    """

    generates_in_evaluation = True  # with tools, and without branches
    tools: ToolBox | None = None

    @property
    def needs_old_entropies(self) -> bool:  # type: ignore[override]
        return bool(self.config.entropy_advantage and self.config.entropy_scope == "generation")

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        how = self.config.exploration()
        if self.tools is None:
            policy.extend(chains)
        elif policy.training:
            draw(chains, policy, self.tools, how, self.config.seed)
        else:
            play(chains, policy, [self.tools] * len(chains), how.max_calls + 1, stop=self.tools.stop)

    def advantages(self, rollout: Rollout) -> dict[str, Tensor]:  # type: ignore[override]
        """The group's, and what their tokens' entropies are standardised by."""
        config = self.config
        gains = grpo_advantages(rollout.scores, rollout.group_ids, config.scale_rewards, eps=config.advantage_eps)
        self._log_drawing(rollout)
        columns = {"advantages": gains}
        if rollout.old_entropies is not None:
            entropies, mask = rollout.old_entropies.double(), rollout.mask
            tokens = rollout.gather(mask.sum(1))
            mean = rollout.gather((entropies * mask).sum(1)).sum() / tokens.sum().clamp(min=1)
            squares = rollout.gather(((entropies - mean) ** 2 * mask).sum(1)).sum()
            std = (squares / (tokens.sum() - 1).clamp(min=1)).sqrt()
            columns |= {
                "entropy_mean": mean.to(gains).expand_as(gains),
                "entropy_std": std.to(gains).expand_as(gains),
            }
        return columns

    def _log_drawing(self, rollout: Rollout) -> None:
        rows = [row for row in rollout.rows if "roots" in row]
        drawn = [(row["branched_from"] is not None, row["tool_calls"], row["roots"]) for row in rows]
        told = torch.tensor(rollout.gather(drawn), dtype=torch.float32)
        if len(told):
            for name, values in zip(("frac_branches", "tool_calls", "roots"), told.T, strict=True):
                rollout.log(f"aepo/{name}", values.mean())

    def surrogate(self, batch: Batch, ratio: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        scaled = self.scaled(batch)
        per_token = balanced_surrogate(
            batch.logps,
            batch.old_logps,
            scaled,
            batch.mask,
            self.eps_low,
            self.eps_high,
            config.delta,
            keeps_gradient=config.balanced_clip,
        )
        beyond = ((ratio > 1 + self.eps_high) & (scaled > 0)).detach()
        return per_token, {"aepo/frac_above_clip": beyond}

    def scaled(self, batch: Batch) -> Tensor:
        """`(b, T)` A'."""
        config = self.config
        if not config.entropy_advantage:
            return torch.where(batch.mask > 0, batch.advantages, 0.0)
        if "entropy_std" in batch.columns:
            moments = batch["entropy_mean"].unsqueeze(1), batch["entropy_std"].unsqueeze(1)
        else:
            moments = entropy_moments(batch.entropies, batch.mask)
        return entropy_advantages(
            batch.advantages,
            batch.entropies,
            batch.mask,
            config.alpha_entropy,
            moments=moments,
            clamp_factor=config.clamp_factor,
        )


class AEPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` for agents with tools.

        trainer = AEPOTrainer(model, MathJudge(), args=AEPOConfig("out"), train_dataset=dataset,
                              tools={"calculator": calculator, "python": PythonTool()})

    The model calls a tool between tags, `<calculator>37*48</calculator>`, and reads its result behind them. Evaluation
    has the tools and does not branch.

    tools: by the names of their tags, or `Tools` with other settings, or an environment of one's own with `stop`.
    """

    objective_class: ClassVar[type[AEPO]] = AEPO
    config_class: ClassVar[type[AEPOConfig]] = AEPOConfig

    def __init__(self, *args: Any, tools: Mapping[str, Tool] | ToolBox | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        if isinstance(self.policy_objective, AEPO):
            self.policy_objective.tools = Tools(tools) if isinstance(tools, Mapping) else tools
