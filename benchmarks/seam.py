"""What a training step costs through the seam, against the same step of TRL's own trainer.

    python -m jurybox.benchmarks.seam

Two tables. *Steps*: the plain objective with TRL's own micro-batches, generation included; the seam's overhead,
bar 1.03. *Updates*: only the gradient of one generation's updates, from completions whose lengths are drawn
beforehand, with what `ObjectiveConfig` does by default: equal lengths (bar 1.00), lengths log-normal with a mean of
0.35 of the limit (bar 0.60), and the same with 40 % of the rows in groups without a signal (bar 0.40); beside it the
most memory that a run took beyond what there was. *Judge*: how much of a judge's waiting steps hide (bar 0.90).

Both trainers live in one process, start from the same weights and are run in turn; the ratio is taken pair by
pair, of the time on the clock and of the time on the processor (which other work on the machine disturbs less). The
policy is small (half a million parameters), so the seam's share of a step is larger here than with any real one.
"""

from __future__ import annotations

import gc
import math
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from transformers.utils.logging import disable_progress_bar
from trl import GRPOConfig, GRPOTrainer

from ..trainers import GRPO, ObjectiveConfig, ObjectiveTrainer
from . import seam_judge, timing
from .playground.policy import tiny_policy
from .playground.tokenizer import character_tokenizer

BAR = 1.03
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
STEPS = 4  # a run: long enough that starting it does not matter
SETTINGS: dict[str, dict[str, Any]] = {
    "on-policy": {},
    "4 accumulated": {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 8},
    "2 iterations, KL": {"num_iterations": 2, "beta": 0.02},
}

LIMIT = 128  # tokens of a completion in the table of updates
UPDATES: dict[str, tuple[float, bool, float]] = {  # bar, lengths differ, share of prompts whose answers are all alike
    "equal lengths": (1.00, False, 0.0),
    "log-normal lengths": (0.60, True, 0.0),
    "and 40 % silent rows": (0.40, True, 0.4),
}


def digits(completions: Sequence[str], **columns: Any) -> list[float]:
    """A reward that costs nothing."""
    return [sum(character.isdigit() for character in text) / (len(text) or 1) for text in completions]


def steps_of(
    trainer_class: type[GRPOTrainer],
    folder: str,
    settings: dict[str, Any],
    reward: Any = digits,
    *,
    config_class: type[GRPOConfig] = GRPOConfig,
    **options: Any,
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
        reward,
        args=config_class(**{**defaults, **settings}),
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
        return in_turn(trl, steps_of(ObjectiveTrainer, folder, settings, objective=GRPO), repeats)


def measure_updates(differ: bool, silent: float, repeats: int) -> dict[str, timing.Ratio]:
    """The same for the updates of a generation whose completions are drawn beforehand."""
    settings = {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 10, "max_completion_length": LIMIT}

    def reward(completions: Sequence[str], **columns: Any) -> list[float]:
        """`digits`, but all answers to the first prompts of a generation are worth the same."""
        alike = round(silent * len(completions))
        return [0.0] * alike + digits(completions[alike:])

    with tempfile.TemporaryDirectory() as trl_folder, tempfile.TemporaryDirectory() as folder:

        def steps(trainer_class: type[GRPOTrainer], folder: str, **options: Any) -> Callable[[], Any]:
            drawn = Drawn(differ)
            return steps_of(trainer_class, folder, settings, reward, rollout_func=drawn, **options)

        ours = steps(ObjectiveTrainer, folder, config_class=ObjectiveConfig)
        return in_turn(steps(GRPOTrainer, trl_folder), ours, repeats)


class Drawn:
    """A `rollout_func` that draws random characters, of lengths log-normal with a mean of 0.35 of the limit."""

    def __init__(self, differ: bool) -> None:
        self.differ = differ
        self.dice = random.Random(0)

    def __call__(self, prompts: list[str], trainer: GRPOTrainer) -> dict[str, Any]:
        tokenizer = trainer.processing_class
        lengths = [self.length() for _ in prompts]
        return {
            "prompt_ids": [tokenizer(prompt)["input_ids"] for prompt in prompts],
            "completion_ids": [[self.dice.randrange(4, len(tokenizer)) for _ in range(n)] for n in lengths],
            "logprobs": None,
        }

    def length(self) -> int:
        spread = 0.8
        drawn = self.dice.lognormvariate(math.log(0.35 * LIMIT) - spread**2 / 2, spread)
        return min(max(round(drawn), 1), LIMIT) if self.differ else LIMIT


def in_turn(trl: Callable[[], Any], seam: Callable[[], Any], repeats: int) -> dict[str, timing.Ratio]:
    """The time of the seam in times of TRL, pair by pair."""
    # The order changes from pair to pair, so that neither always finds the warmer machine.
    orders = [(trl, seam) if pair % 2 else (seam, trl) for pair in range(repeats + 1)]
    pairs = [{work: measured(work) for work in order} for order in orders][1:]
    return {
        what: timing.Ratio(tuple(pair[trl][place] for pair in pairs), tuple(pair[seam][place] for pair in pairs))
        for place, what in enumerate(("clock", "processor", "memory"))
    }


def measured(work: Callable[[], Any]) -> tuple[float, float, float]:
    """Seconds on the clock and on the processor, and the MiB that it took at most beyond what there was."""
    gc.collect()
    CLEAR_REFS.write_text("5")  # the kernel's high-water mark starts anew
    before, start = resident("VmRSS"), process_time()
    wall = timing.seconds(work)
    return wall, process_time() - start, max(resident("VmHWM") - before, 1.0)


def resident(name: str) -> float:
    """MiB of this process, by a name of the kernel's."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    options = timing.arguments(__doc__, argv, repeats=9)
    torch.set_num_threads(1)
    disable_progress_bar()
    results: dict[str, dict[str, Any]] = {}

    def report(name: str, bar: float, ratios: dict[str, timing.Ratio]) -> None:
        results[name] = {"bar": bar} | {clock: ratio.to_dict() for clock, ratio in ratios.items()}
        step = results[name]["processor"]["ours_s"] / STEPS
        print(
            f"  {name:22s} bar {bar:.2f}   clock {ratios['clock'].median:.3f}   processor "
            f"{ratios['processor'].median:.3f}   memory {results[name]['memory']['theirs_s']:.0f} of "
            f"{results[name]['memory']['ours_s']:.0f} MiB   (TRL's step {step:.3f} s)"
        )

    print("a training step through the seam, in steps of TRL's trainer")
    for name, settings in SETTINGS.items():
        report(name, BAR, measure(settings, options.repeats))
    print("the updates of one generation, completions drawn beforehand")
    for name, (bar, differ, silent) in UPDATES.items():
        report(name, bar, measure_updates(differ, silent, options.repeats))
    found = seam_judge.hidden(steps_of, digits, lambda: Drawn(False), options.repeats)
    results["hidden judge"] = {"bar": seam_judge.BAR, **found}
    print(
        f"of the {seam_judge.JUDGE_S} s that a judge takes {found['share']:.0%} are hidden ({found['least']:.0%} to "
        f"{found['most']:.0%} over {found['generations']} generations; bar {seam_judge.BAR:.0%})"
    )
    timing.save(options.json, results)


if __name__ == "__main__":
    main()
