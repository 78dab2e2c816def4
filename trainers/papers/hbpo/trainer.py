"""HBPO's config, objective and trainer."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from ...objectives import require_within
from ...seam import Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from ...seam.objective import Advantages
from .budgets import Form, budget_advantages, budget_of, budget_reward

PATIENCE = 10  # generations in a row with a mean advantage below -1 before it is warned about
FALLING = -1.0


@dataclass
class HBPOConfig(ObjectiveConfig):
    """The hyperparameters of the paper but for A_intra, and TRL's with the values of its code.

    The paper's A_intra is `intra_coef=1.0, center_intra=False`; with an announcement that is learnt it is unstable.

    Raises:
        ValueError: budgets that do not divide a group or do not fit, a hyperparameter outside its range, or a setting
            of GRPO's that its advantages would ignore.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "multi_objective_aggregation": "sum_then_normalize",
        "scale_rewards": "group",
    }

    budgets: list[int] = field(
        default_factory=lambda: [512, 1024, 2048, 2560], metadata={"help": "b: token budgets, an equal share each."}
    )
    announcement: str = field(
        default="<think> I will answer the question with {budget} tokens",
        metadata={"help": "How a response begins; {budget} is filled in. Its tokens count as the response's."},
    )
    train_prefix: bool = field(
        default=True, metadata={"help": "Whether the announcement is learnt, so that the model chooses by itself."}
    )
    intra_coef: float = field(
        default=0.25, metadata={"help": "c: weight of A_intra. 1 in the paper, 2 in its code, 0 for none."}
    )
    center_intra: bool = field(
        default=True,
        metadata={"help": "Compare budgets: A_intra less its mean over the prompt. False: the paper's, unstable."},
    )
    form: Form = field(default="piecewise", metadata={"help": "R: 'piecewise' (paper) or 'min' (its code)."})
    reward_scale: float = field(default=4.0, metadata={"help": "β of R."})
    deviation_weight: float | None = field(
        default=None, metadata={"help": "α of R: cost of a token beyond the budget. Default: 1/L."}
    )
    reward_length: int | None = field(
        default=None, metadata={"help": "L of R, in tokens; longer answers earn 0. Default: max_completion_length."}
    )
    correct_threshold: float = field(default=1.0, metadata={"help": "From which score on an answer is right."})
    format_error_reward: float = field(
        default=0.0, metadata={"help": "R of a response without one of `required`; the code has -1. 0: not looked at."}
    )
    required: list[str] = field(
        default_factory=lambda: ["</think>", "\\boxed"],
        metadata={"help": "What a response must hold where format_error_reward is not 0."},
    )

    num_generations: int = field(default=16, metadata={"help": "n: answers to a problem."})
    epsilon: float = field(default=0.2, metadata={"help": "ε_low of the clip."})
    epsilon_high: float | None = field(default=0.28, metadata={"help": "ε_high of the clip."})
    loss_type: str = field(default="dapo", metadata={"help": "A mean over all tokens."})
    beta: float = field(default=0.0, metadata={"help": "No KL."})
    temperature: float = field(default=1.0, metadata={"help": "Of sampling."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Constant."})
    lr_scheduler_type: str = field(default="constant", metadata={"help": "How the learning rate goes."})
    num_train_epochs: float = field(default=1.0, metadata={"help": "Passes over the data."})
    max_completion_length: int | None = field(default=4096, metadata={"help": "Longest response, in tokens."})
    updates_per_generation: int | None = field(default=4, metadata={"help": "Updates on a generation."})

    def __post_init__(self) -> None:
        super().__post_init__()
        length = self.reward_length or self.max_completion_length or math.inf
        if not self.budgets or len(set(self.budgets)) < len(self.budgets):
            raise ValueError(f"budgets={self.budgets}: give one or more, each once")
        if bad := [b for b in self.budgets if not 0 < b <= length]:
            raise ValueError(f"budgets={self.budgets}: {bad[0]} is not above 0 and at most {length} tokens")
        if self.num_generations % len(self.budgets):
            raise ValueError(
                f"num_generations={self.num_generations} is no multiple of the {len(self.budgets)} budgets: each "
                "gets as many answers as the others"
            )
        if self.form not in get_args(Form):
            raise ValueError(f"form must be 'piecewise' or 'min', not {self.form!r}")
        if self.announcement.format(budget=1) == self.announcement.format(budget=2):
            raise ValueError(f"announcement={self.announcement!r}: write {{budget}} where the number goes")
        require_within(0.0, math.inf, intra_coef=self.intra_coef, reward_scale=self.reward_scale)


class HBPO(Objective):
    """Each share of a group announces a budget; what fits it earns that budget's worth."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.falling = 0  # generations in a row with a mean advantage below FALLING

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        config = self.config
        for chain in chains:
            budget = budget_of(chain.slot, policy.num_generations, config.budgets)
            chain.add(config.announcement.format(budget=budget), trained=config.train_prefix)
            if not chain.room():
                raise ValueError(f"the announcement of {len(chain.ids)} tokens leaves no room for an answer: raise "
                                 f"max_completion_length={chain.max_length}")  # fmt: skip
            chain.columns["budget"] = budget
        policy.extend(chains)
        for chain in chains:
            chain.columns["response_length"] = len(chain.ids)
            text = policy.tokenizer.decode(chain.ids, skip_special_tokens=False)
            chain.columns["format_ok"] = all(part in text for part in config.required)

    def advantages(self, rollout: Rollout) -> Advantages:
        """inter + c·intra of R; 0 for a row without a score. In evaluation TRL's own: there is no budget."""
        if not rollout.training:
            return rollout.trl_advantages
        config = self.config
        rewards, budgets = self.rewards(rollout)
        length, scale = self._length, config.reward_scale
        found = budget_advantages(
            rewards, budgets, rollout.group_ids, config.intra_coef, L_max=length, beta=scale, center=config.center_intra
        )
        there = ~rewards.isnan()
        if there.any():
            self._log(rollout, rewards, budgets, found.advantage, there)
        return found.advantage

    @property
    def _length(self) -> int:
        return int(self.config.reward_length or self.config.max_completion_length)

    def rewards(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """R, NaN where nobody could judge, and b, `(N,)` over all processes."""
        config, device = self.config, rollout.rewards.device
        places = range(len(rollout.rewards))
        slots = [place % rollout.num_generations for place in places]
        budgets = [budget_of(slot, rollout.num_generations, config.budgets) for slot in slots]
        told = [
            (row.get("response_length", int(mask.sum())), row.get("format_ok", True))
            for row, mask in zip(rollout.rows, rollout.mask, strict=True)
        ]
        lengths, ok = zip(*rollout.gather(told), strict=True)
        scores = rollout.scores
        b, n = (torch.tensor(values, dtype=scores.dtype, device=device) for values in (budgets, lengths))
        correct = (scores >= config.correct_threshold).to(scores).masked_fill(scores.isnan(), torch.nan)
        rewards = budget_reward(n, b, correct, self._length, config.deviation_weight, config.reward_scale, config.form)
        if config.format_error_reward:
            broken = ~torch.tensor(ok, device=device) & ~scores.isnan()
            rewards = rewards.masked_fill(broken, config.format_error_reward)
        for budget in config.budgets:
            rollout.log(f"hbpo/length_{budget}", n[b == budget].mean())
            if (judged := correct[(b == budget) & ~correct.isnan()]).numel():
                rollout.log(f"hbpo/accuracy_{budget}", judged.mean())
        return rewards, b

    def _log(self, rollout: Rollout, rewards: Tensor, budgets: Tensor, advantage: Tensor, there: Tensor) -> None:
        mean = advantage[there].mean().item()
        rollout.log("hbpo/reward", rewards[there].mean())
        rollout.log("hbpo/mean_advantage", mean)
        rollout.log("hbpo/over_budget", _share_over(rollout, budgets))
        self.falling = self.falling + 1 if mean < FALLING else 0
        if self.falling == PATIENCE:
            warnings.warn(
                f"the mean advantage was below {FALLING:g} for {PATIENCE} generations: most budgets fail, all that is "
                "sampled is pushed down, and its probability goes to tokens that are not. Take center_intra=True, "
                "train_prefix=False, a smaller intra_coef, or easier problems",
                stacklevel=2,
            )


def _share_over(rollout: Rollout, budgets: Tensor) -> Tensor:
    lengths = rollout.gather([row.get("response_length", 0) for row in rollout.rows])
    return (torch.tensor(lengths, device=budgets.device) > budgets).float().mean()


class HBPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that learns how many tokens a question is worth.

        trainer = HBPOTrainer(model, MathJudge(), args=HBPOConfig("out"), train_dataset=dataset)

    The reward says what is right, 1, and wrong, 0. The prompts end where the thinking opens: the announcement is the
    beginning of the response. Evaluation announces nothing, the model does.
    """

    objective_class: ClassVar[type[HBPO]] = HBPO
    config_class: ClassVar[type[HBPOConfig]] = HBPOConfig
