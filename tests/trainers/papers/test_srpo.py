"""SRPO: advantages and loss against plain forms, the trainer's reward, and the experiment of a target string."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from seam_tiny import END_EARLY, LETTERS, tiny_tokenizer

from jurybox.benchmarks.experiment import Setting
from jurybox.benchmarks.papers.srpo.experiments import run
from jurybox.judges import LengthJudge
from jurybox.rewards import SelfReference
from jurybox.trainers import SRPOConfig, SRPOTrainer
from jurybox.trainers.papers.srpo import clipped_policy_loss, group_advantage


def test_without_the_standard_deviation_and_without_a_score() -> None:
    rewards, groups = torch.tensor([1.0, 0.5, torch.nan, 0.7, 0.2, 0.2]), torch.tensor([0, 0, 0, 1, 2, 2])
    centred = group_advantage(rewards, groups, scale_by_std=False)
    assert torch.allclose(centred, torch.tensor([0.25, -0.25, 0.0, 0.7, 0.0, 0.0]))
    scaled = group_advantage(rewards, groups, epsilon=0.0)
    assert torch.allclose(scaled, torch.tensor([0.5**0.5, -(0.5**0.5), 0.0, 0.7, 0.0, 0.0]), equal_nan=True)
    with pytest.raises(ValueError, match="finite"):
        group_advantage(torch.tensor([torch.inf, 0.0]), torch.tensor([0, 0]))


def test_each_end_of_the_clip_holds_its_own_sign() -> None:
    ratios = torch.tensor([[1.1, 1.27, 1.29], [0.9, 0.81, 0.79]]).double()
    logps = ratios.log().requires_grad_()
    said = clipped_policy_loss(logps, torch.zeros(2, 3).double(), torch.tensor([1.0, -1.0]).double(), torch.ones(2, 3))
    said.loss.backward()
    assert (logps.grad != 0).tolist() == [[True, True, False], [True, True, False]]
    assert said.clip_fraction == pytest.approx(2 / 6)
    assert said.approx_kl == pytest.approx(-ratios.log().mean().item())
    far = torch.full((1, 1), 12.0)  # a ratio of 160 000, for which the dual clip stands
    assert clipped_policy_loss(far, torch.zeros(1, 1), torch.tensor([-2.0]), torch.ones(1, 1)).loss == 20_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"cap": 1.0},
        {"normalizer": "max"},
        {"eps": "0"},
        {"min_samples": 0},
        {"advantage_eps": -1.0},
        {"ddof": 2},
        {"scale_rewards": "none"},
    ],
    ids=str,
)
def test_wrong_settings_fail_at_once(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        SRPOConfig(str(tmp_path), use_cpu=True, bf16=False, **wrong)


def test_processes_that_would_share_a_group_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SRPOConfig, "world_size", 2)
    sizes = {"use_cpu": True, "bf16": False, "num_generations": 8, "per_device_train_batch_size": 4}
    with pytest.raises(ValueError, match="own successes"):
        SRPOConfig(str(tmp_path), gradient_accumulation_steps=1, **sizes)
    SRPOConfig(str(tmp_path), gradient_accumulation_steps=2, **sizes)


def build(model: Any, output: Path, reward: Any, **settings: Any) -> Any:
    plain = {"per_device_train_batch_size": 8, "num_generations": 4, "max_completion_length": 8, "max_steps": 3}
    quiet = {"use_cpu": True, "bf16": False, "report_to": "none", "save_strategy": "no", "disable_tqdm": True}
    more = {"logging_steps": 1, "temperature": 1.0, "generation_kwargs": END_EARLY, "learning_rate": 0.1}
    return SRPOTrainer(
        model,
        reward,
        args=SRPOConfig(str(output), **{**plain, **quiet, **more, "optim": "sgd", **settings}),
        train_dataset=Dataset.from_list([{"prompt": f"say {c}"} for c in LETTERS] * 4),
        processing_class=tiny_tokenizer(),
    )


def test_the_reward_is_made_of_the_judge_unless_it_is_composed_already(model_dir: str, tmp_path: Path) -> None:
    judge = LengthJudge(maximum=3, unit="characters")
    made = build(model_dir, tmp_path, judge, normalizer="zscore").reward_funcs[0]
    assert isinstance(made, SelfReference)
    assert (made.normalizer, made.cap, made.name) == ("zscore", 0.8, "srpo")
    composed = SelfReference(lambda texts: [[len(text)] for text in texts], judge)
    assert build(model_dir, tmp_path, composed).reward_funcs[0] is composed
    with pytest.raises(ValueError, match="composed with SelfReference already, so cap"):
        build(model_dir, tmp_path, composed, cap=0.5)
    with pytest.raises(TypeError, match="SelfReference needs a judge"):
        build(model_dir, tmp_path, torch.nn.Linear(1, 1))


@pytest.mark.slow
def test_failures_enter_the_advantages(model_dir: str, tmp_path: Path) -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    class Watched(SRPOTrainer.objective_class):
        def advantages(self, rollout: Any) -> torch.Tensor:
            seen.append((rollout.scores, advantages := super().advantages(rollout)))
            return advantages

    trainer = build(model_dir, tmp_path, LengthJudge(maximum=2, unit="characters"), scale_by_std=False)
    trainer.policy_objective = Watched(trainer.args)
    trainer.train()
    for scores, advantages in seen:
        groups = scores.reshape(-1, 4)
        assert torch.allclose(advantages.reshape(-1, 4), groups - groups.mean(1, keepdim=True), atol=1e-6)
    every = torch.cat([scores for scores, _ in seen])
    assert ((every > 0) & (every < 0.6)).any()
    assert ((every == 1) | (every < 0.6)).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_nearness_to_successes_needs_fewer_steps_than_success_alone(seed: int) -> None:
    arms = ("success", "srpo", "printed")
    success, srpo, printed = (
        run(Setting(arm=arm, seed=seed, steps=150, listen=lambda step, log: None)) for arm in arms
    )
    assert success.final["needed"] < 150
    assert srpo.final["needed"] <= 0.9 * success.final["needed"]
    assert printed.final["success"] < 0.1
