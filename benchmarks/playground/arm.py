"""What the arms of an experiment on the playground share: where they start, what they see, how they are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback

from ...trainers import ObjectiveTrainer
from ..checks import Checks, Measures
from ..experiment import Result, Setting
from .cache import cached_warm_start, load_warm_start
from .fitting import fit
from .tasks import Row
from .warmstart import WarmStart

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
        return train_arm(
            setting,
            trainer,
            trainer.config_class,
            policy,
            tokenizer,
            self.rows(setting.seed),
            lambda: self.measure(policy, tokenizer),
            every=self.every,
            settings={**SETTINGS, **self.config, **config},
            logged=self.logged,
            reward_funcs=self.reward,
            objective=objective,
        )


def train_arm(
    setting: Setting,
    trainer: Callable[..., Any],
    config: Callable[..., Any],
    policy: Any,
    tokenizer: Any,
    data: Dataset | Sequence[Row],
    measure: Callable[[], Measures],
    *,
    every: int,
    settings: Mapping[str, Any],
    logged: Mapping[str, str] | None = None,
    **options: Any,
) -> Result:
    """Train a policy in place with any trainer; seed and number of steps are the setting's.

    measure, every, logged: as in `PlaygroundRun`. settings, options: as in `fit`.
    """
    watch = Watch(measure, every, setting)
    budget = {"max_steps": setting.steps, "seed": setting.seed}
    log = fit(trainer, config, policy, tokenizer, data, {**budget, **settings}, callbacks=[watch], **options)
    curves = {
        name: [(int(entry["step"]), entry[key]) for entry in log if key in entry]
        for name, key in (logged or {}).items()
    }
    result = watch.checks.result()
    return replace(result, curves={**result.curves, **curves})


SETTINGS: Mapping[str, Any] = {
    "per_device_train_batch_size": 64,
    "num_generations": 8,
    "lr_scheduler_type": "constant",
    "temperature": 1.0,
    "top_k": 0,
    "beta": 0.0,
}
"""8 prompts x 8 completions, drawn as the policy is."""


class Watch(TrainerCallback):
    """Measures the policy at both ends and in between."""

    def __init__(self, measure: Callable[[], Measures], every: int, setting: Setting) -> None:
        self.measure, self.checks = measure, Checks(setting, every)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.checks.at(0, self.measure)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.checks.at(state.global_step, self.measure)
