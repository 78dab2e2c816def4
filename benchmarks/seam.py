"""What the seam costs: a training step with the plain objective against the same step of TRL's own trainer.

    python -m jurybox.benchmarks.seam

Both trainers live in one process, start from the same weights, and draw completions of a fixed length; they
are run in turn, a few steps at a time, and the ratio is taken pair by pair, of the time on the clock and of the
time on the processor (which other work on the machine disturbs less). The policy is small (half a million
parameters), so the seam's share of a step is larger here than with any real one. The bar is 1.03.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from transformers.utils.logging import disable_progress_bar
from trl import GRPOConfig, GRPOTrainer

from ..trainers import GRPO, ObjectiveTrainer
from . import timing
from .playground.policy import tiny_policy
from .playground.tokenizer import character_tokenizer

BAR = 1.03
STEPS = 4  # a run: long enough that starting it does not matter
SETTINGS: dict[str, dict[str, Any]] = {
    "on-policy": {},
    "4 accumulated": {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 8},
    "2 iterations, KL": {"num_iterations": 2, "beta": 0.02},
}


def digits(completions: Sequence[str], **columns: Any) -> list[float]:
    """A reward that costs nothing."""
    return [sum(character.isdigit() for character in text) / (len(text) or 1) for text in completions]


def steps_of(
    trainer_class: type[GRPOTrainer], folder: str, settings: dict[str, Any], **options: Any
) -> Callable[[], Any]:
    """A function that trains a fresh tiny policy for a few steps more."""
    tokenizer = character_tokenizer()
    policy = tiny_policy(tokenizer)
    policy.save_pretrained(folder)  # the reference model is loaded by name
    policy.config._name_or_path = folder
    defaults = {
        "output_dir": folder,
        "per_device_train_batch_size": 32,
        "num_generations": 8,
        "max_completion_length": 48,
        "generation_kwargs": {"min_new_tokens": 48},
        "max_steps": STEPS,
        "learning_rate": 1e-9,
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "log_level": "error",
    }
    trainer = trainer_class(
        policy,
        digits,
        args=GRPOConfig(**{**defaults, **settings}),
        train_dataset=Dataset.from_list([{"prompt": f"{a}+{b}?"} for a in range(10) for b in range(10)]),
        processing_class=tokenizer,
        **options,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer.train


def measure(settings: dict[str, Any], repeats: int) -> dict[str, timing.Ratio]:
    """How many times as long as TRL's trainer the seam takes, by either clock."""
    with tempfile.TemporaryDirectory() as trl_folder, tempfile.TemporaryDirectory() as folder:
        trl = steps_of(GRPOTrainer, trl_folder, settings)
        seam = steps_of(ObjectiveTrainer, folder, settings, objective=GRPO)
        # The order changes from pair to pair, so that neither always finds the warmer machine.
        orders = [(trl, seam) if pair % 2 else (seam, trl) for pair in range(repeats + 1)]
        pairs = [{work: both_clocks(work) for work in order} for order in orders][1:]
    return {
        clock: timing.Ratio(tuple(pair[trl][place] for pair in pairs), tuple(pair[seam][place] for pair in pairs))
        for place, clock in enumerate(("clock", "processor"))
    }


def both_clocks(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock and on the processor."""
    start = process_time()
    wall = timing.seconds(work)
    return wall, process_time() - start


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    options = timing.arguments(__doc__, argv, repeats=9)
    torch.set_num_threads(1)
    disable_progress_bar()
    results = {}
    print(f"a training step through the seam, in steps of TRL's trainer (bar {BAR})")
    for name, settings in SETTINGS.items():
        ratios = measure(settings, options.repeats)
        results[name] = {clock: ratio.to_dict() for clock, ratio in ratios.items()}
        step = results[name]["processor"]["ours_s"] / STEPS
        print(
            f"  {name:18s} clock {ratios['clock'].median:.3f}   processor {ratios['processor'].median:.3f}"
            f"   (TRL's step {step:.3f} s)"
        )
    timing.save(options.json, results)


if __name__ == "__main__":
    main()
