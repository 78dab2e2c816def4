"""Runs that tests start as processes: `python seam_runs.py NAME MODEL_DIR OUTPUT_DIR [ROWS_PER_PROCESS]`."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from seam_tiny import END_EARLY, count_letter, letter_dataset, tiny_tokenizer
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM
from trl import GRPOTrainer
from trl.experimental.async_grpo import async_rollout_worker

from jurybox.rewards import Function
from jurybox.trainers import (
    GRPO,
    Chain,
    Objective,
    ObjectiveConfig,
    ObjectiveTrainer,
    Policy,
    RewardStateCallback,
    Rollout,
)

COMPLETIONS = ("eee", "oto", "t", "no", "een", "tete", "on", "nnn")


class Scripted(GRPO):
    """Completions that depend on the prompt and its generation only, so that any split over processes is equal."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.seen: list[dict[str, Any]] = []

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        for chain in chains:
            chain.add(COMPLETIONS[(chain.slot + 3 * "eotn".index(chain.prompt[-1])) % len(COMPLETIONS)])
            chain.add([policy.tokenizer.eos_token_id])
            chain.columns["slot"] = chain.slot

    def advantages(self, rollout: Rollout) -> torch.Tensor:
        advantages = super().advantages(rollout)
        self.seen.append(
            {
                "rewards": rollout.rewards.tolist(),
                "advantages": advantages.tolist(),
                "group_ids": rollout.group_ids.tolist(),
                "letters": rollout.column("letter"),
                "slots": rollout.column("slot"),
            }
        )
        return advantages


def scripted_config(output_dir: str, rows_per_process: int, **settings: Any) -> ObjectiveConfig:
    """Two optimiser steps a generation of 12 completions."""
    defaults: dict[str, Any] = {
        "num_generations": 4,
        "steps_per_generation": 2,
        "gradient_accumulation_steps": 2,
        "max_completion_length": 8,
        "max_steps": 4,
        "save_strategy": "no",
        "loss_type": "dapo",
    }
    return ObjectiveConfig(
        output_dir=output_dir,
        use_cpu=True,
        bf16=False,
        report_to="none",
        per_device_train_batch_size=rows_per_process,
        num_iterations=2,
        optim="sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
        learning_rate=0.1,
        lr_scheduler_type="constant",
        logging_steps=1,
        disable_tqdm=True,
        **{**defaults, **settings},
    )


def weights(trainer: Any) -> torch.Tensor:
    model = trainer.accelerator.unwrap_model(trainer.model)
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def trained(trainer_class: type, model_dir: Any, reward: Any, config: Any, **options: Any) -> Any:
    trainer = trainer_class(
        model_dir,
        reward,
        args=config,
        train_dataset=letter_dataset(),
        processing_class=tiny_tokenizer(),
        **options,
    )
    trainer.train()
    return trainer


def scripted_run(model_dir: str, output_dir: str, rows_per_process: int) -> dict[str, Any]:
    """Train on scripted completions; every process returns what it saw and ended with."""
    reward = Function(count_letter).standardize("letters")
    config = scripted_config(output_dir, rows_per_process)
    trainer = trained(ObjectiveTrainer, model_dir, reward, config, objective=Scripted)
    keys = ("loss", "reward", "reward_std", "grad_norm")  # the others average over micro-batches of chance
    return {
        "seen": trainer.policy_objective.seen,
        "state": reward.state_dict(),
        "weights": weights(trainer).tolist(),
        "logs": [{key: row[key] for key in keys} for row in trainer.state.log_history if "reward" in row],
    }


def beside_trl(model_dir: str, output_dir: str, rows_per_process: int) -> list[dict[str, Any]]:
    """The same sampled run by TRL's trainer and through the seam: logs and weights of both."""
    results = []
    for trainer_class, options in ((GRPOTrainer, {}), (ObjectiveTrainer, {"objective": GRPO})):
        settings = {"beta": 0.1, "generation_kwargs": END_EARLY, "exact_micro_batches": True}
        config = scripted_config(output_dir, rows_per_process, **settings)
        trainer = trained(trainer_class, model_dir, count_letter, config, **options)
        results.append({"logs": trainer.state.log_history, "weights": weights(trainer).tolist()})
    return results


def unless_t(completions: list[str], letter: list[str], **columns: Any) -> list[float]:
    """`count_letter`, but all who say t earn the same: their rows have no gradient."""
    return [0.0 if c == "t" else score for c, score in zip(letter, count_letter(completions, letter), strict=True)]


def narrow_beside_exact(model_dir: str, output_dir: str, rows_per_process: int) -> list[list[float]]:
    """The weights after a run with TRL's own micro-batches, and after one without rows that have no gradient."""
    found = []
    for exact in (True, False):
        settings = {"generation_kwargs": END_EARLY, "exact_micro_batches": exact, "loss_type": "grpo"}
        config = scripted_config(output_dir, rows_per_process, **settings)
        found.append(weights(trained(ObjectiveTrainer, model_dir, unless_t, config, objective=Objective)).tolist())
    return found


def split_over_processes(model: Any) -> Any:
    """Each layer's parameters shared out, as FSDP2 does it."""
    mesh = init_device_mesh("cpu", (torch.distributed.get_world_size(),))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def sharded(model_dir: str, output_dir: str, rows_per_process: int, *, split: bool) -> dict[str, Any]:
    """Train on scripted completions with a policy that is split, or with a copy of it on every process."""
    PartialState(cpu=True)
    model = AutoModelForCausalLM.from_pretrained(model_dir)
    before = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    if split:
        model = split_over_processes(model)
        Accelerator.prepare_model = lambda self, model, **_: model  # it would wrap the shards as if they were a copy
    reward = Function(unless_t).standardize("letters")
    config = scripted_config(output_dir, rows_per_process, loss_type="grpo", max_grad_norm=0.0)
    trainer = trained(ObjectiveTrainer, model, reward, config, objective=Scripted)
    parameters = list(trainer.accelerator.unwrap_model(trainer.model).parameters())
    whole = [p.full_tensor() if isinstance(p, DTensor) else p for p in parameters]
    after = torch.cat([parameter.detach().flatten() for parameter in whole])
    return {
        "weights": after.tolist(),
        "moved": float((after - before).abs().max()),
        "sharded": any(isinstance(p, DTensor) for p in parameters),
        "state": reward.state_dict(),
    }


def redrawn(model_dir: str, output_dir: str, rows_per_process: int, **settings: Any) -> dict[str, Any]:
    """Train with dynamic sampling, where all who say t or o earn the same."""

    def rewarded(completions: list[str], letter: list[str], **columns: Any) -> list[float]:
        return [0.0 if c in "to" else score for c, score in zip(letter, count_letter(completions, letter), strict=True)]

    reward = Function(rewarded).standardize("letters")
    config = scripted_config(output_dir, rows_per_process, **{"dynamic_sampling": True, **settings})
    trainer = trained(ObjectiveTrainer, model_dir, reward, config, objective=Scripted)
    return {
        "seen": trainer.policy_objective.seen,
        "state": reward.state_dict(),
        "weights": weights(trainer).tolist(),
        "logs": [
            {key: value for key, value in row.items() if key.startswith("redraw/")} for row in trainer.state.log_history
        ],
    }


def remembering(model_dir: str, output_dir: str, rows_per_process: int, **settings: Any) -> tuple[GRPOTrainer, Any]:
    """TRL's own trainer with a reward that remembers what it gave: two optimiser steps a generation."""
    reward = Function(count_letter).standardize("letters")
    resume = settings.pop("resume", None)
    config = scripted_config(output_dir, rows_per_process, generation_kwargs=END_EARLY, **settings)
    trainer = GRPOTrainer(
        model_dir,
        reward,
        args=config,
        train_dataset=letter_dataset(),
        eval_dataset=letter_dataset(1) if "eval_steps" in settings else None,
        processing_class=tiny_tokenizer(),
        callbacks=[RewardStateCallback(reward)],
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer, reward


def resumable(
    model_dir: str, output_dir: str, *, kill_at_call: int | None = None, resume: str | None = None, **settings: Any
) -> tuple[ObjectiveTrainer, Any]:
    """Two iterations a generation, a checkpoint after every step, and a reward that remembers what it gave."""
    torch.set_num_threads(1)
    calls = []

    def letters(completions: list[str], letter: list[str], **columns: Any) -> list[float]:
        calls.append(1)
        if kill_at_call == len(calls):
            os.kill(os.getpid(), signal.SIGKILL)
        return count_letter(completions, letter)

    reward = Function(letters).standardize("letters")
    defaults: dict[str, Any] = {"max_steps": 6, "num_iterations": 2, "save_strategy": "steps", "save_steps": 1}
    config = ObjectiveConfig(
        output_dir=output_dir,
        use_cpu=True,
        bf16=False,
        report_to="none",
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=8,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        logging_steps=1,
        disable_tqdm=True,
        generation_kwargs=END_EARLY,
        **{**defaults, **settings},
    )
    trainer = ObjectiveTrainer(
        model_dir,
        reward,
        args=config,
        train_dataset=letter_dataset(),
        eval_dataset=letter_dataset(1) if "eval_steps" in settings else None,
        processing_class=tiny_tokenizer(),
        objective=GRPO,
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer, reward


def scored_asynchronously(payload: bytes, columns: dict[str, Any], results: Any) -> None:
    """In a spawned child: TRL's own scoring of one group with a pickled reward; puts (rewards, advantages)."""
    loop = async_rollout_worker._AsyncRolloutLoop.__new__(async_rollout_worker._AsyncRolloutLoop)
    loop.reward_funcs, loop.reward_func_names = [pickle.loads(payload)], ["reward"]
    loop._env_reward_types = []
    PartialState()  # accelerate's logger wants it
    rows = len(columns["completions"])
    group = async_rollout_worker.RolloutGroup(
        prompts=columns["prompts"],
        completions=columns["completions"],
        completions_ids=columns["completion_ids"],
        reward_kwargs={"letter": columns["letter"]},
        completions_sequences=[[async_rollout_worker.TrainingSequence([1], [1], [0.0], str(i))] for i in range(rows)],
        tool_call_counts=[0] * rows,
        tool_failure_counts=[0] * rows,
        model_version=0,
        group_id=0,
        env_rewards=[None] * rows,
        rollout_rewards=[None] * rows,
    )
    samples = asyncio.run(loop._score_group(group))
    results.put(([s.metrics["reward"] for s in samples], [s.advantage for s in samples]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    name, model_dir, output_dir = sys.argv[1:4]
    if name == "scripted":
        rows = int(sys.argv[4])
        result = {
            **scripted_run(model_dir, output_dir, rows),
            "beside": beside_trl(model_dir, output_dir, rows),
            "narrow": narrow_beside_exact(model_dir, output_dir, rows),
            "remembered": remembering(model_dir, output_dir, rows)[1].state_dict(),
        }
        Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
    elif name in ("sharded", "whole"):
        result = sharded(model_dir, output_dir, int(sys.argv[4]), split=name == "sharded")
        Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
    elif name == "redrawn":
        result = redrawn(model_dir, output_dir, int(sys.argv[4]))
        Path(output_dir, f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(result))
    elif name == "killed":
        resumable(model_dir, output_dir, kill_at_call=3)
