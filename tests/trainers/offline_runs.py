"""Runs of any offline paper's trainer; also a program: `python offline_runs.py MODEL_DIR OUTPUT_DIR PROCESSES`."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from offline_papers import OFFLINE_SHAPES, OfflinePaper
from seam_tiny import tiny_tokenizer

BATCH = 8  # rows of an optimizer step, however they are divided


def build(paper: OfflinePaper, model: Any, output_dir: str, **more: Any) -> Any:
    """The trainer, not yet trained; `more` are settings and `peft_config`."""
    options = {"peft_config": more.pop("peft_config")} if "peft_config" in more else {}
    settings: dict[str, Any] = {
        "output_dir": output_dir,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "per_device_train_batch_size": BATCH,
        "max_steps": 3,
        "optim": "sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
        **paper.settings,
        **more,
    }
    rows = Dataset.from_list(paper.rows())
    return paper.trainer(
        model,
        args=paper.config(**settings),
        train_dataset=rows,
        eval_dataset=rows if settings.get("eval_strategy", "no") != "no" else None,
        processing_class=tiny_tokenizer(),
        **options,
    )


def weights(trainer: Any) -> torch.Tensor:
    return flat(trainer.accelerator.unwrap_model(trainer.model))


def flat(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def losses(trainer: Any) -> list[float]:
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


if __name__ == "__main__":
    torch.set_num_threads(1)
    model_dir, output_dir, processes = sys.argv[1:]
    results: dict[str, Any] = {}
    for name, paper in OFFLINE_SHAPES.items():
        folder = os.path.join(output_dir, name)
        try:
            trainer = build(paper, model_dir, folder, per_device_train_batch_size=BATCH // int(processes))
            trainer.train()
            results[name] = {"weights": weights(trainer).tolist(), "losses": losses(trainer)}
        except Exception:  # the other papers are still worth running
            results[name] = {"error": traceback.format_exc()}
    Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(results))
