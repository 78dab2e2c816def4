"""Policies trained against an anchor: pairwise PPO and the critic-free recipe, on the tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from online_papers import PAPERS
from paper_runs import build as build_paper
from seam_tiny import LETTERS

from jurybox.rewards import AnchorWinReward
from jurybox.trainers import PairwiseGRPOConfig, PairwiseGRPOTrainer, PairwisePPO, PairwisePPOConfig, PairwisePPOTrainer
from jurybox.trainers.papers.pairwise_rl import pairwise_ppo_advantages, pairwise_ppo_loss

pytestmark = pytest.mark.slow


def longer(prompt: str, first: str, second: str) -> float:
    """How probably the first is the longer one, with some doubt about both."""
    return (1 + len(first)) / (2 + len(first) + len(second))


def anchored(missing: str = "") -> Dataset:
    """One prompt a letter, with an anchor; None for the letters in `missing`."""
    return Dataset.from_list(
        [{"prompt": f"say {c}", "letter": c, "anchor": None if c in missing else "xyz"} for c in LETTERS] * 8
    )


RECIPES = [(PairwiseGRPOTrainer, PairwiseGRPOConfig), (PairwisePPOTrainer, PairwisePPOConfig)]


@pytest.mark.parametrize(("trainer_class", "config_class"), RECIPES)
def test_the_reward_rises_and_missing_anchors_do_no_harm(
    trainer_class: Any, config_class: Any, build: Callable[..., Any]
) -> None:
    trainer = build(
        trainer_class,
        config_class=config_class,
        reward_funcs=AnchorWinReward(longer),
        train_dataset=anchored(missing="t"),
        per_device_train_batch_size=32,
        num_generations=8,
        num_iterations=2,
        max_steps=24,
        learning_rate=1e-2,
        beta=0.01,
    )
    trainer.train()
    rewards = [row["reward"] for row in trainer.state.log_history if "reward" in row]
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.05
    silent = [row["anchor_win/abstained"] for row in trainer.state.log_history if "anchor_win/abstained" in row]
    assert 0 < sum(silent) / len(silent) < 0.6


def test_a_generation_without_any_anchor_teaches_nothing(build: Callable[..., Any]) -> None:
    trainer = build(
        PairwisePPOTrainer,
        config_class=PairwisePPOConfig,
        reward_funcs=AnchorWinReward(longer),
        train_dataset=anchored(missing=LETTERS),
        num_iterations=1,
        max_steps=1,
        optim="sgd",
    )
    before = [p.detach().clone() for p in (*trainer.model.parameters(), *trainer.critic.parameters())]
    trainer.train()
    after = [*trainer.model.parameters(), *trainer.critic.parameters()]
    assert all(torch.equal(p, q) for p, q in zip(before, after, strict=True))


class Spy(PairwisePPO):
    """Keeps what the trainer handed over and what came back."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.generations: list[Any] = []
        self.updates: list[Any] = []

    def advantages(self, rollout: Any) -> dict[str, Any]:
        self.generations.append((rollout, super().advantages(rollout)))
        return self.generations[-1][1]

    def loss(self, batch: Any) -> Any:
        self.updates.append((batch, super().loss(batch)))
        return self.updates[-1][1]


def test_advantages_and_loss_are_those_of_the_formulas(model_dir: str, tmp_path: Path) -> None:
    paper = PAPERS["pairwise-ppo"]
    trainer = build_paper(
        type(paper)(type("SpyTrainer", (paper.trainer,), {"objective_class": Spy}), paper.config, **_rest(paper)),
        model_dir,
        str(tmp_path),
        abstains=True,
        max_steps=4,
        num_iterations=2,
    )
    trainer.train()
    abstained, moved = 0, 0.0
    for rollout, returned in trainer.policy_objective.generations:
        scored = ~rollout.scores.isnan()
        mask = rollout.mask * scored.unsqueeze(1)
        rewards = rollout.scores.nan_to_num()
        expected = pairwise_ppo_advantages(rollout.old_logps, rollout.ref_logps, returned["values"], rewards, mask)
        torch.testing.assert_close(returned["advantages"], expected.whitened_advantages)
        torch.testing.assert_close(returned["returns"], expected.returns)
        abstained += len(scored) - int(scored.sum())
        moved = max(moved, (rollout.old_logps - rollout.ref_logps).abs().max().item())
    assert abstained > 0
    assert moved > 0
    for batch, (loss, metrics) in trainer.policy_objective.updates:
        names = ("values", "returns")
        of_critic = (metrics["critic/value"], *(batch[name] for name in names))
        of_formula = pairwise_ppo_loss(batch.logps, batch.old_logps, batch.advantages, *of_critic, batch.mask)
        assert loss.item() == pytest.approx(of_formula.loss.item(), abs=1e-6)


def _rest(paper: Any) -> dict[str, Any]:
    return {name: getattr(paper, name) for name in ("settings", "reward", "abstaining", "columns")}


def test_the_critic_reads_the_anchor_and_the_policy_does_not(model_dir: str, tmp_path: Path) -> None:
    trainer = build_paper(PAPERS["pairwise-ppo"], model_dir, str(tmp_path), max_steps=1)
    contexts: list[Any] = []
    read = trainer.policy_objective.read
    trainer.policy_objective.read = lambda rollout: contexts.append((rollout, read(rollout))) or contexts[-1][1]
    trainer.train()
    rollout, context = contexts[0]
    tokenizer = trainer.processing_class
    for row, ids, mask in zip(rollout.rows, context.ids, context.mask, strict=True):
        assert tokenizer.decode(ids[mask.bool()]) == f"{row['anchor']}\n{row['prompt']}"
    assert all(prompt.startswith("say ") for prompt in rollout.prompts)
