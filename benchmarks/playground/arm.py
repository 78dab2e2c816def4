"""What the arms of an experiment on the playground share: where they start, what they see, how they are measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback

from ...trainers import ObjectiveTrainer
from ..experiment import Result, Setting
from .cache import cached_warm_start, load_warm_start
from .tasks import Row
from .warmstart import WarmStart

Measures = Mapping[str, float]
Measuring = Callable[[Any, Any], Measures]
"""(policy, tokenizer) -> what the policy is worth; it must leave the random state alone."""


@dataclass(frozen=True)
class PlaygroundRun:
    """An experiment's fixed part; `train` adds the arm.

        pairs = PlaygroundRun(start=recipe, rows=draw, reward=ExactJudge("expected"), measure=measure,
                              config={"learning_rate": 5e-5})
        pairs.train(setting, NGRPOTrainer, num_iterations=4)

    Attributes:
        start: seed -> the warm start's recipe.
        rows: seed -> training rows.
        reward: one reward function, or a list of them.
        measure: taken before training, every `every` optimizer steps, and after the last one.
        config: settings of every arm, beside `SETTINGS`.
        logged: measure -> name in the trainer's log; its curve is that of the training batches.
    """

    start: Callable[[int], WarmStart]
    rows: Callable[[int], Sequence[Row]]
    reward: Any
    measure: Measuring
    config: Mapping[str, Any] = field(default_factory=dict)
    every: int = 20
    logged: Mapping[str, str] = field(default_factory=dict)

    def prepare(self, seed: int) -> None:
        """Train the warm start of a seed, if it is not there yet."""
        cached_warm_start(self.start(seed))

    def train(
        self, setting: Setting, trainer: type[ObjectiveTrainer], *, objective: Any = None, **config: Any
    ) -> Result:
        """Train one arm from the warm start; `config` goes to the trainer's config class, and beats the shared one."""
        policy, tokenizer = load_warm_start(cached_warm_start(self.start(setting.seed)))
        watch = Watch(lambda: self.measure(policy, tokenizer), min(self.every, setting.steps), setting)
        with tempfile.TemporaryDirectory() as output:
            settings: dict[str, Any] = {**SETTINGS, **self.config, **config}
            learner = trainer(
                policy,
                self.reward,
                args=trainer.config_class(output, max_steps=setting.steps, seed=setting.seed, **settings),
                train_dataset=Dataset.from_list(list(self.rows(setting.seed))),
                processing_class=tokenizer,
                objective=objective,
            )
            result = watch.train(learner)
        return replace(
            result, curves={**result.curves, **{name: watch.logged(key) for name, key in self.logged.items()}}
        )


SETTINGS: Mapping[str, Any] = {
    "per_device_train_batch_size": 64,
    "num_generations": 8,
    "lr_scheduler_type": "constant",
    "temperature": 1.0,
    "top_k": 0,
    "beta": 0.0,
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}
"""One process, one thread, 8 prompts x 8 completions, nothing written."""


class Watch(TrainerCallback):
    """Measures the policy at both ends and in between, and keeps the log."""

    def __init__(self, measure: Callable[[], Measures], every: int, setting: Setting) -> None:
        self.measure, self.every, self.setting = measure, every, setting
        self.checks: list[tuple[int, Measures]] = []
        self.logs: list[tuple[int, Measures]] = []

    def train(self, learner: Any) -> Result:
        """Train to the end, and give what was measured."""
        learner.add_callback(self)
        learner.remove_callback(PrinterCallback)
        learner.train()
        return Result(final=self.checks[-1][1], start=self.checks[0][1], curves=self.curves())

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.checks.append((0, self.measure()))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        step = state.global_step
        if step % self.every == 0 or step == self.setting.steps:
            self.checks.append((step, self.measure()))
        self.setting.listen(step, self.checks[-1][1])

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.logs.append((state.global_step, dict(logs or {})))

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """By measure, its value at every check."""
        return {name: [(step, check[name]) for step, check in self.checks] for name in self.checks[0][1]}

    def logged(self, key: str) -> list[tuple[int, float]]:
        """What training logged under a name; steps that did not log it are left out."""
        return [(step, logs[key]) for step, logs in self.logs if key in logs]
