"""AdaptThink's config, objective and trainer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...objectives import require_within
from ...seam import Batch, Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from ...seam.objective import Advantages, Metrics
from .loss import Ratio, advantage, checked_ref_accuracy, format_ok, policy_loss, rollout_split


@dataclass
class AdaptThinkConfig(ObjectiveConfig):
    """The hyperparameters of the paper's code, and TRL's with its values.

    Raises:
        ValueError: a hyperparameter outside its range, or a setting of GRPO's loss that this one would ignore.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "beta": 0.0,
        "delta": None,
        "importance_sampling_level": "token",  # `ratio` says which
        "loss_type": "grpo",
        "multi_objective_aggregation": "sum_then_normalize",
        "num_iterations": 1,
        "scale_rewards": "none",
        "vllm_importance_sampling_correction": False,
    }

    bonus: float = field(default=0.05, metadata={"help": "δ: what an answer without thinking is worth more."})
    p_no_thinking: float = field(default=0.5, metadata={"help": "p: share of answers made to begin with think_end."})
    ratio: Ratio = field(
        default="sequence_mean",
        metadata={"help": "s: 'sequence_mean' (the paper's code), 'sequence_product' (its text), or 'token'."},
    )
    think_start: str = field(default="<think>", metadata={"help": "Opens the thinking; the prompt ends with it."})
    think_end: str = field(default="</think>", metadata={"help": "Closes the thinking. One token."})
    opening: str = field(default="Alright", metadata={"help": "w_start: the first word of a thought. One token."})
    max_no_thinking_length: int | None = field(
        default=None, metadata={"help": "Limit of answers without thinking, in tokens. Default: that of the others."}
    )
    ref_accuracy_column: str = field(
        default="ref_accuracy", metadata={"help": "Column with the accuracy of the model before training."}
    )

    num_generations: int = field(default=16, metadata={"help": "n: answers to a problem."})
    temperature: float = field(default=0.6, metadata={"help": "Of sampling, and of the log-probabilities."})
    learning_rate: float = field(default=2e-6, metadata={"help": "The paper's for 1.5B parameters."})
    max_completion_length: int | None = field(default=16384, metadata={"help": "Longest answer, in tokens."})
    weight_decay: float = field(default=0.01, metadata={"help": "Of AdamW."})
    beta: float = field(default=0.0, metadata={"help": "Must stay 0: there is no KL."})
    loss_type: str = field(default="grpo", metadata={"help": "Must stay: the loss is a mean over answers."})
    scale_rewards: str = field(default="none", metadata={"help": "Not used: advantages are not scaled."})
    vllm_importance_sampling_correction: bool = field(
        default=False, metadata={"help": "Must stay False: a forced token was not drawn by the sampler."}
    )

    def __post_init__(self) -> None:
        require_within(0.0, 1.0, p_no_thinking=self.p_no_thinking)
        require_within(0.0, float("inf"), bonus=self.bonus)
        super().__post_init__()
        forced = rollout_split(self.num_generations, self.p_no_thinking)
        if forced in (0, self.num_generations):
            warnings.warn(
                f"num_generations={self.num_generations} and p_no_thinking={self.p_no_thinking} make every answer "
                f"{'begin with ' + self.think_end if forced else 'think'}: there is nothing to choose between",
                stacklevel=2,
            )


class AdaptThink(Objective):
    """Half of a group is made to skip the thinking; which half is better off is learnt in the first token."""

    needs_old_logps = True

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        config = self.config
        end, opening = (one_token(policy.tokenizer, text) for text in (config.think_end, config.opening))
        if end == opening:
            raise ValueError(f"think_end and opening are the same token: {config.opening!r}")
        without = rollout_split(policy.num_generations, config.p_no_thinking)
        for chain in chains:
            skips = chain.slot < without
            chain.add([end if skips else opening])
            chain.columns["no_thinking"] = skips
        policy.extend([chain for chain in chains if chain.columns["no_thinking"]], limit=config.max_no_thinking_length)
        policy.extend([chain for chain in chains if not chain.columns["no_thinking"]])
        for chain in chains:  # on the tokens: where a tag is a special one, the text that judges see is without it
            text = policy.tokenizer.decode(chain.ids, skip_special_tokens=False)
            chain.columns["format_ok"] = format_ok(text, config.think_start, config.think_end)

    def advantages(self, rollout: Rollout) -> Advantages:
        """δ·1[NoThinking] + R − R̄_ref; 0 for a row without a score. R is 0 where the tags are wrong."""
        rows = rollout.rows
        references = rollout.column(self.config.ref_accuracy_column)
        checked_ref_accuracy(references, self.config.ref_accuracy_column)
        flags = [(bool(row.get("no_thinking")), row.get("format_ok", True), "no_thinking" in row) for row in rows]
        no_thinking, ok, forced = torch.tensor(rollout.gather(flags), device=rollout.rewards.device).T
        correct = torch.where(ok | rollout.scores.isnan(), rollout.scores, 0.0)
        gains = advantage(correct, no_thinking, torch.tensor(references).to(correct), self.config.bonus)
        for name, mode in {"no_thinking": no_thinking, "thinking": ~no_thinking}.items():
            if (seen := correct[mode & ~correct.isnan()]).numel():
                rollout.log(f"adaptthink/accuracy_{name}", seen.mean())
        rollout.log("adaptthink/frac_format_ok", ok.float().mean())
        return {"advantages": gains.nan_to_num(nan=0.0), "no_thinking": no_thinking, "forced": forced}

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        config = self.config
        advantages = batch.advantages[:, 0]
        loss, ratios = policy_loss(
            batch.logps,
            batch.old_logps,
            advantages,
            batch.mask,
            batch["no_thinking"],
            config.p_no_thinking,
            config.epsilon,
            config.epsilon if config.epsilon_high is None else config.epsilon_high,
            config.ratio,
            batch["forced"],
        )
        low, high = ratios < 1 - config.epsilon, ratios > 1 + config.epsilon
        first = batch.logps[:, 0].detach()
        metrics: dict[str, Tensor] = {
            "adaptthink/first_logp": first.mean(),
            "adaptthink/clip_low": low.float().mean(),
            "adaptthink/clip_high": high.float().mean(),
        }
        return loss, metrics


class AdaptThinkTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that learns when to think.

        trainer = AdaptThinkTrainer(model, MathJudge(), args=AdaptThinkConfig("out"), train_dataset=dataset)

    The data set has a column `ref_accuracy`, which `with_ref_accuracy` measures with the model before training. Its
    prompts end with the opening tag of the thinking, as chat templates of reasoning models write it. The reward says
    what is right, 1, and wrong, 0. Evaluation forces nothing.

    Raises:
        ValueError: the column is missing, or has a value that is no share.
    """

    objective_class: ClassVar[type[AdaptThink]] = AdaptThink
    config_class: ClassVar[type[AdaptThinkConfig]] = AdaptThinkConfig

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        column = self.args.ref_accuracy_column
        for dataset in (self.train_dataset, self.eval_dataset):
            names = getattr(dataset, "column_names", None)
            if not isinstance(names, list):
                continue  # a stream, or several sets: its rows are looked at when they come
            if column not in names:
                raise ValueError(
                    f"the data set has no column {column!r} (it has: {', '.join(names)}); "
                    "with_ref_accuracy(dataset, reward, generate) makes one"
                )
            checked_ref_accuracy(dataset[column] if hasattr(dataset, "__getitem__") else [], column)


def one_token(tokenizer: Any, text: str) -> int:
    """The id of a text that is one token. Raises ValueError for any other."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise ValueError(f"{text!r} is {len(ids)} tokens of this tokenizer; AdaptThink forces one: choose another")
    return int(ids[0])
