"""Runs that tests start as processes: `python chain_runs.py MODEL_DIR OUTPUT_DIR ROWS_PER_PROCESS`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from chain_objectives import KINDS
from seam_runs import scripted_config, trained, weights
from seam_tiny import count_letter

from jurybox.trainers import ObjectiveConfig, ObjectiveTrainer

GROUP, ROWS = 6, 30  # 15 rows or 10 a process: groups are cut with two processes and with three


class CountingTrainer(ObjectiveTrainer):
    """Counts how often it was asked to sample, and how many rows."""

    def _generate_single_turn(self, prompt_ids: Any, *more: Any) -> Any:
        self.__dict__.setdefault("sampled", []).append(len(prompt_ids))
        return super()._generate_single_turn(prompt_ids, *more)


def config(output_dir: str, rows_per_process: int) -> ObjectiveConfig:
    """Two updates on each of two generations, from a sampler without chance."""
    settings = {
        "num_generations": GROUP,
        "steps_per_generation": 1,
        "gradient_accumulation_steps": 1,
        "max_completion_length": 32,
        "top_k": 1,
    }
    return scripted_config(output_dir, rows_per_process, **settings)


def run(kind: str, model_dir: str, output_dir: str, rows_per_process: int) -> dict[str, Any]:
    """What every process saw and ended with."""
    settings = config(output_dir, rows_per_process)
    trainer = trained(CountingTrainer, model_dir, count_letter, settings, objective=KINDS[kind])
    return {
        "seen": trainer.policy_objective.seen,
        "weights": weights(trainer).tolist(),
        "sampled": trainer.sampled,
        "entropy": [row["entropy"] for row in trainer.state.log_history if "entropy" in row],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    model_dir, output_dir, rows = sys.argv[1:4]
    result = {kind: run(kind, model_dir, output_dir, int(rows)) for kind in KINDS}
    Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
