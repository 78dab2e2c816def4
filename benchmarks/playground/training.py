"""One GRPO run of the playground: a plan in plain numbers, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ...rewards import Reward
from ...trainers import GRPO, Objective, ObjectiveConfig, ObjectiveTrainer
from .fitting import StepListener, fit
from .tasks import Row


@dataclass(frozen=True)
class Plan:
    """The settings of a run: each step draws `group` completions of `prompts` prompts and updates once.

    The learning rate is constant after five steps of warm-up; there is no KL penalty.
    """

    steps: int = 70
    prompts: int = 8
    group: int = 8
    new_tokens: int = 80
    learning_rate: float = 1.5e-4
    temperature: float = 1.0
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"a run needs at least one step, got {self.steps}")
        if self.group < 2:
            raise ValueError(f"a group needs at least two completions to compare, got {self.group}")

    def settings(self) -> dict[str, Any]:
        """Return the settings of TRL's configuration for this plan."""
        return {
            "max_steps": self.steps,
            "per_device_train_batch_size": self.prompts * self.group,
            "num_generations": self.group,
            "max_completion_length": self.new_tokens,
            "learning_rate": self.learning_rate,
            "lr_scheduler_type": "constant_with_warmup",
            "warmup_steps": 5,
            "temperature": self.temperature,
            "top_k": 0,
            "beta": 0.0,
            "seed": self.seed,
            "use_cpu": self.device == "cpu",
            "bf16": self.device != "cpu",
            "gradient_checkpointing": self.device != "cpu",
        }


def train(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    reward: Reward,
    rows: Sequence[Row],
    plan: Plan,
    *,
    objective: type[Objective] = GRPO,
    listen: Callable[[int, Mapping[str, float]], None] | None = None,
) -> list[dict[str, float]]:
    """Train `policy` in place and return what every step logged; `listen` hears it as it happens."""
    return fit(
        ObjectiveTrainer,
        ObjectiveConfig,
        policy,
        tokenizer,
        rows,
        plan.settings(),
        callbacks=[StepListener(listen)] if listen else (),
        reward_funcs=reward,
        objective=objective,
    )
