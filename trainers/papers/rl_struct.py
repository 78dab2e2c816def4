"""RL-Struct: GRPO with LoRA on a dense reward that asks for structure before content.

    R = w_valid R_valid + w_struct R_struct + w_format R_format + w_correct R_correct + w_length R_length
    A = (R − mean R) / (std R + 1e-4)                    over the G completions of one prompt
    loss: GRPO's clipped surrogate with β · KL           TRL's own

The five parts are judges (`judges/structured/`), their sum is `rewards.structured_reward`; nothing in the objective
is new. This file is the recipe: the paper's settings, its LoRA, and a trainer that makes the five reward functions.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...judges.structured import Form
from ...rewards import structured_reward
from ...rewards.arithmetic import Sum
from ...rewards.structured import STRUCTURED_WEIGHTS, checked_weights
from ..seam import ObjectiveConfig, ObjectiveTrainer

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def _weight(part: str, meaning: str) -> Any:
    return field(default=STRUCTURED_WEIGHTS[part], metadata={"help": f"w_{part}: weight of R_{part}, {meaning}."})


@dataclass
class RLStructConfig(ObjectiveConfig):
    """The paper's settings; where it is silent, those of its author's earlier recipe.

    A step draws 6 completions of one prompt. `optim="adamw_8bit"`, as that recipe has it, needs bitsandbytes and is
    left to the caller.

    Raises:
        ValueError: a weight that is negative or NaN, an unknown form, bounds that leave no length free, no keys.
    """

    num_generations: int = field(default=6, metadata={"help": "G: completions for each prompt."})
    per_device_train_batch_size: int = field(default=6, metadata={"help": "Completions in a micro-batch."})
    max_steps: int = field(default=250, metadata={"help": "Optimizer steps."})
    learning_rate: float = field(default=5e-6, metadata={"help": "Peak learning rate."})
    lr_scheduler_type: str = field(default="cosine", metadata={"help": "How the learning rate goes."})
    warmup_steps: float = field(default=0.1, metadata={"help": "Steps of warm-up; below 1, a share of all steps."})
    adam_beta1: float = field(default=0.9, metadata={"help": "β₁ of Adam."})
    adam_beta2: float = field(default=0.99, metadata={"help": "β₂ of Adam."})
    weight_decay: float = field(default=0.1, metadata={"help": "Weight decay of AdamW."})
    max_grad_norm: float = field(default=0.1, metadata={"help": "Norm to which gradients are clipped."})
    max_completion_length: int | None = field(default=200, metadata={"help": "Tokens drawn at most."})
    beta: float = field(default=0.04, metadata={"help": "β: weight of the KL penalty."})
    use_bias_correction_kl: bool = field(default=False, metadata={"help": "Whether the KL term is weighted by ρ."})
    loss_type: str = field(default="grpo", metadata={"help": "Mean over completions of token means."})
    scale_rewards: str = field(default="group", metadata={"help": "Divide by the group's standard deviation."})
    multi_objective_aggregation: str = field(
        default="sum_then_normalize", metadata={"help": "The parts are summed before advantages are taken."}
    )
    logging_steps: float = field(default=1, metadata={"help": "Every step, for the curriculum's sake."})

    w_valid: float = _weight("valid", "the answer is a JSON object")
    w_struct: float = _weight("struct", "the share of required keys")
    w_format: float = _weight("format", "nothing stands around the object")
    w_correct: float = _weight("correct", "token F1 with the reference")
    w_length: float = _weight("length", "0 or a penalty down to -1")
    required_keys: list[str] | None = field(default=None, metadata={"help": "K: the keys that every answer needs."})
    keys_column: str | None = field(default=None, metadata={"help": "Column of each row's K, instead."})
    reference_column: str = field(default="reference", metadata={"help": "Column of the reference: field -> value."})
    form: Form = field(default="either", metadata={"help": "What earns R_format: 'bare', 'fenced' or 'either'."})
    length_min: int = field(default=1, metadata={"help": "L_min: the shortest length in tokens without a penalty."})
    length_max: int = field(default=200, metadata={"help": "L_max: the longest."})

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_weights(self.part_weights)
        if self.required_keys is not None or self.keys_column is not None:
            self.reward()

    @property
    def part_weights(self) -> dict[str, float]:
        """The five weights, by part."""
        return {part: getattr(self, f"w_{part}") for part in STRUCTURED_WEIGHTS}

    def reward(self) -> Sum:
        """The composed reward of these settings.

        Raises:
            ValueError: there are neither `required_keys` nor a `keys_column`.
        """
        return structured_reward(
            self.required_keys,
            keys_column=self.keys_column,
            reference=self.reference_column,
            weights=self.part_weights,
            form=self.form,
            length_min=self.length_min,
            length_max=self.length_max,
        )


class RLStructTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that makes RL-Struct's five reward functions from its config.

        trainer = RLStructTrainer(model, args=RLStructConfig(required_keys=["reasoning", "answer"]),
                                  train_dataset=dataset, peft_config=rl_struct_lora())

    The data set has a column `reference`. Given `reward_funcs` of its own it uses those, judges and composed rewards
    included, and is stock GRPO with the paper's settings.
    """

    config_class: ClassVar[type[RLStructConfig]] = RLStructConfig

    def __init__(
        self, model: Any, reward_funcs: Any = None, args: RLStructConfig | None = None, *more: Any, **named: Any
    ) -> None:
        config: Any = self._config(model, args)
        if reward_funcs is None:
            if config.reward_weights is not None:
                raise ValueError("without reward_funcs the weights are w_valid … w_length: give no reward_weights")
            reward = config.reward()
            config = copy.copy(config)
            reward_funcs, config.reward_weights = list(reward.parts), [weight for weight, _ in reward.terms]
        super().__init__(model, reward_funcs, config, *more, **named)


def rl_struct_lora(**changes: Any) -> Any:
    """The paper's `peft.LoraConfig`: rank 32, α 32, on the seven projections of a transformer block."""
    from peft import LoraConfig

    settings = {"r": 32, "lora_alpha": 32, "target_modules": list(PROJECTIONS), "task_type": "CAUSAL_LM"}
    return LoraConfig(**{**settings, **changes})
