"""One GRPO run of the playground: a plan in plain numbers, and what came of it."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback

from ...rewards import Reward
from ...trainers import GRPO, Objective, ObjectiveConfig, ObjectiveTrainer
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

    def config(self, output: str) -> ObjectiveConfig:
        """Return TRL's configuration for this plan."""
        return ObjectiveConfig(
            output_dir=output,
            max_steps=self.steps,
            per_device_train_batch_size=self.prompts * self.group,
            num_generations=self.group,
            max_completion_length=self.new_tokens,
            learning_rate=self.learning_rate,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=5,
            temperature=self.temperature,
            top_k=0,
            beta=0.0,
            seed=self.seed,
            use_cpu=self.device == "cpu",
            bf16=self.device != "cpu",
            gradient_checkpointing=self.device != "cpu",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )


class StepListener(TrainerCallback):
    """Passes on what each step logged, with the number of steps done."""

    def __init__(self, listen: Callable[[int, Mapping[str, float]], None]) -> None:
        self.listen = listen

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **kwargs: Any
    ) -> None:
        if logs and "reward" in logs:  # the summary at the end of training has none
            self.listen(state.global_step, logs)


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
    with tempfile.TemporaryDirectory() as output:
        trainer = ObjectiveTrainer(
            model=policy,
            reward_funcs=reward,
            args=plan.config(output),
            train_dataset=Dataset.from_list(list(rows)),
            processing_class=tokenizer,
            objective=objective,
            callbacks=[StepListener(listen)] if listen else None,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [entry for entry in trainer.state.log_history if "reward" in entry]
