"""Papers that draw completions themselves, really drawing: `python drawing_runs.py MODEL_DIR OUTPUT_DIR PROCESSES`.

A sampler without chance, groups of six on a generation of twelve rows: two processes cut one, three cut both.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from online_papers import PAPERS
from paper_runs import build, weights

DRAWING = ("hbpo", "scaf-grpo")
ROWS = 12
LOGGED = ("hbpo/", "scaf/")


def right_by_number(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
    """One completion in three is right, whoever wrote it."""
    return [float(sum(ids) % 3 == 0) for ids in completion_ids]


def run(name: str, model_dir: str, output_dir: str, processes: int) -> dict[str, Any]:
    paper = replace(PAPERS[name], reward=lambda: right_by_number)
    trainer = build(
        paper,
        model_dir,
        output_dir,
        num_generations=6,
        per_device_train_batch_size=ROWS // processes,
        max_completion_length=11,
        top_k=1,
        generation_kwargs=None,
    )
    sampled: list[int] = []
    draw = trainer._generate_single_turn

    def counting(prompt_ids: Any, *more: Any) -> Any:
        sampled.append(len(prompt_ids))
        return draw(prompt_ids, *more)

    trainer._generate_single_turn = counting
    trainer.train()
    return {
        "weights": weights(trainer).tolist(),
        "sampled": sampled,
        "logged": [
            {key: value for key, value in row.items() if key.startswith((*LOGGED, "reward", "grad_norm"))}
            for row in trainer.state.log_history
            if "loss" in row
        ],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    model_dir, output_dir, processes = sys.argv[1:]
    result = {name: run(name, model_dir, os.path.join(output_dir, name), int(processes)) for name in DRAWING}
    Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
