"""One training of the playground's size: any trainer, quietly, in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback

QUIET: Mapping[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}
"""Settings of every training: one process, one thread, nothing written or printed."""


def fit(
    trainer: Callable[..., Any],
    config: Callable[..., Any],
    policy: Any,
    tokenizer: Any,
    data: Dataset | Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    *,
    callbacks: Sequence[TrainerCallback] = (),
    **options: Any,
) -> list[dict[str, float]]:
    """Train the policy in place and return what every step logged.

    trainer, config: classes of TRL's or ours. settings: go to the config, and beat `QUIET`. options: go to the
    trainer, such as reward_funcs.
    """
    with tempfile.TemporaryDirectory() as output:
        learner = trainer(
            policy,
            args=config(output_dir=output, **{**QUIET, **settings}),
            train_dataset=data if isinstance(data, Dataset) else Dataset.from_list(list(data)),
            processing_class=tokenizer,
            callbacks=list(callbacks),
            **options,
        )
        learner.remove_callback(PrinterCallback)
        learner.train()
        return [entry for entry in learner.state.log_history if not _is_summary(entry)]


class StepListener(TrainerCallback):
    """Passes on what each step logged, with the number of steps done."""

    def __init__(self, listen: Callable[[int, Mapping[str, float]], None]) -> None:
        self.listen = listen

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **_: Any) -> None:
        if logs and not _is_summary(logs):
            self.listen(state.global_step, logs)


def _is_summary(logs: Mapping[str, float]) -> bool:
    """Whether this is the entry that ends a training."""
    return "train_runtime" in logs
