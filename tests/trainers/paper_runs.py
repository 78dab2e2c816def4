"""Runs of any paper's trainer; also a program: `python paper_runs.py MODEL_DIR OUTPUT_DIR PROCESSES`."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from online_papers import SHAPES, Paper
from seam_tiny import END_EARLY, LETTERS, tiny_tokenizer

from jurybox.trainers import Chain, Policy

COMPLETIONS = ("eee", "oto", "t", "no", "een", "tete", "on", "nnn")


class Scripted:
    """Completions that depend on the prompt and its generation only, so that any split of the rows is equal."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        for chain in chains:
            chain.add(COMPLETIONS[(chain.slot + 3 * LETTERS.index(chain.prompt[-1])) % len(COMPLETIONS)])
            chain.add([policy.tokenizer.eos_token_id])


def build(
    paper: Paper, model: Any, output_dir: str, *, scripted: bool = False, abstains: bool = False, **more: Any
) -> Any:
    """The trainer, not yet trained: two prompts of four completions a step. `more` are settings and `peft_config`."""
    options = {**paper.options, **({"peft_config": more.pop("peft_config")} if "peft_config" in more else {})}
    settings: dict[str, Any] = {
        "output_dir": output_dir,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 1,
        "num_generations": 4,
        "max_completion_length": 8,
        "max_steps": 3,
        "optim": "sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
        "learning_rate": 0.1,
        "lr_scheduler_type": "constant",
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
        "generation_kwargs": END_EARLY,
        **paper.settings,
        **more,
    }
    if scripted:
        objective = type("ScriptedObjective", (Scripted, paper.trainer.objective_class), {})
        trainer_class = type("ScriptedTrainer", (paper.trainer,), {"objective_class": objective})
    else:
        trainer_class = paper.trainer
    return trainer_class(
        model if paper.model is None else paper.model(),
        (paper.abstaining if abstains else paper.reward)(),
        args=paper.config(**settings),
        train_dataset=rows(paper),
        eval_dataset=rows(paper, 1) if settings.get("eval_strategy", "no") != "no" else None,
        processing_class=tiny_tokenizer(),
        **options,
    )


def rows(paper: Paper, repeats: int = 4) -> Dataset:
    columns = {name: list(values) for name, values in paper.columns.items()}
    letters = [
        {"prompt": f"say {c}", "letter": c, **{name: values[place] for name, values in columns.items()}}
        for place, c in enumerate(LETTERS)
    ]
    return Dataset.from_list(letters * repeats)


def weights(trainer: Any) -> torch.Tensor:
    model = trainer.accelerator.unwrap_model(trainer.model)
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def losses(trainer: Any) -> list[float]:
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def rows_per_process(paper: Paper, processes: int) -> int:
    """Of a micro-batch, two of which make a generation: 6 rows a process cut a group of four, 8 do not."""
    return (8 if paper.trainer.objective_class.whole_groups else 6) // processes


if __name__ == "__main__":
    torch.set_num_threads(1)
    model_dir, output_dir, processes = sys.argv[1:]
    results: dict[str, Any] = {}
    for name, paper in SHAPES.items():
        folder = os.path.join(output_dir, name)
        rows_here = rows_per_process(paper, int(processes))
        try:
            trainer = build(
                paper,
                model_dir,
                folder,
                scripted=True,
                per_device_train_batch_size=rows_here,
                gradient_accumulation_steps=2,
            )
            trainer.train()
            results[name] = {"weights": weights(trainer).tolist(), "losses": losses(trainer)}
        except Exception:  # the other shapes are still worth running
            results[name] = {"error": traceback.format_exc()}
    Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(results))
