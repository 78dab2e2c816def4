"""A run that a test starts as processes: `python cgpo_runs.py MODEL_DIR OUTPUT_DIR ROWS_PER_PROCESS`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from seam_tiny import tiny_tokenizer

from jurybox.judges import judge
from jurybox.trainers import Chain, Policy, Rollout
from jurybox.trainers.papers.cgpo import CGPO, CGPOConfig, CGPOTrainer, Stratum

COMPLETIONS = ("eee", "oto", "t", "no", "een", "tete", "on", "nnn")


@judge
def vowel(completion: str) -> bool:
    return "e" in completion


@judge
def short(completion: str) -> bool:
    return len(completion) < 4


def length(completions: list[str], **_: Any) -> list[float]:
    return [float(len(text)) for text in completions]


class Scripted(CGPO):
    """Completions that depend on the prompt and its generation only; keeps what it gave."""

    seen: list[Any]

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        for chain in chains:
            chain.add(COMPLETIONS[(chain.slot + 3 * "eotn".index(chain.prompt[-1])) % len(COMPLETIONS)])
            chain.add([policy.tokenizer.eos_token_id])

    def advantages(self, rollout: Rollout) -> dict[str, torch.Tensor]:
        found = super().advantages(rollout)
        self.seen = [*getattr(self, "seen", []), found["advantages"].tolist()]
        return found


class ScriptedTrainer(CGPOTrainer):
    objective_class = Scripted


def run(model_dir: str, output_dir: str, rows_per_process: int) -> dict[str, Any]:
    """Four steps on two strata with different judges, optimizers, K and KL limits."""
    torch.set_num_threads(1)
    config = CGPOConfig(
        output_dir=output_dir,
        use_cpu=True,
        bf16=False,
        report_to="none",
        per_device_train_batch_size=rows_per_process,
        num_generations=4,
        gradient_accumulation_steps=2,
        max_completion_length=8,
        max_steps=4,
        optim="sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
        learning_rate=0.1,
        lr_scheduler_type="constant",
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
    )
    rows = [{"prompt": f"say {c}", "task": task, "baseline": "te"} for c, task in zip("eotn", "abab", strict=True)]
    trainer = ScriptedTrainer(
        model_dir,
        length,
        config,
        strata={
            "a": Stratum(judges=[vowel, short], k=3, kl_max=2.0),
            "b": Stratum(judges=vowel, optimizer="codpo", rho=0.5),
        },
        train_dataset=Dataset.from_list(rows * 4),
        processing_class=tiny_tokenizer(),
    )
    trainer.train()
    weights = torch.cat([p.detach().flatten() for p in trainer.accelerator.unwrap_model(trainer.model).parameters()])
    keys = ("loss", "grad_norm", "a/violated", "a/short/violated", "b/used")
    logs = [{key: row.get(key) for key in keys} for row in trainer.state.log_history if "loss" in row]
    return {"seen": trainer.policy_objective.seen, "weights": weights.tolist(), "logs": logs}


if __name__ == "__main__":
    model_dir, output_dir = sys.argv[1:3]
    result = run(model_dir, output_dir, rows_per_process=int(sys.argv[3]))
    Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
