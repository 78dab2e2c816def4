"""TSPO: the gradient of its loss in closed form, selections without replacement, rewards, and a run on small videos."""

from __future__ import annotations

import math
import random
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel

from jurybox.benchmarks.papers.tspo.experiments import K, World, reader
from jurybox.trainers.papers.tspo import (
    ClipFeatures,
    TemporalAgent,
    TSPOConfig,
    TSPOTrainer,
    accuracy,
    gumbel_noise,
    gumbel_topk,
    inference_select,
    needle,
    needle_in_haystack,
    plackett_luce,
    similarity,
    tau_schedule,
    temporal,
    tspo_advantages,
    tspo_loss,
)

NAN = math.nan


@pytest.mark.parametrize("rewards", [[2.0, 0.0, 1.0], [1.0, 1.0, 1.0], [2.0, NAN, 0.5], [NAN, NAN, 1.0]])
def test_the_gradient_has_a_closed_form(rewards: list[float]) -> None:
    logits = torch.randn(7, dtype=torch.float64, requires_grad=True)
    selected = torch.tensor([[0, 2], [1, 5], [2, 6]])
    loss, advantages = tspo_loss(logits, selected, torch.tensor(rewards, dtype=torch.float64))
    (slope,) = torch.autograd.grad(loss, logits)
    chosen = torch.zeros(3, 7, dtype=torch.float64).scatter(1, selected, 1.0) / 2
    expected = -(advantages[:, None] * (chosen - logits.detach().softmax(-1))).mean(0)
    torch.testing.assert_close(slope, expected, atol=1e-12, rtol=0)
    assert abs(loss.item()) < 1e-12
    assert not advantages[torch.tensor(rewards).isnan()].any()


def test_the_worked_example() -> None:
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    loss, advantages = tspo_loss(logits, torch.tensor([[0], [2]]), torch.tensor([2.0, 0.0], dtype=torch.float64))
    (slope,) = torch.autograd.grad(loss, logits)
    assert advantages.tolist() == pytest.approx([0.70706, -0.70706], abs=1e-5)
    assert slope.tolist() == pytest.approx([-0.35353, 0, 0.35353], abs=1e-5)
    assert not tspo_advantages(torch.ones(4)).any()


def test_plackett_luce_is_a_distribution_over_draws() -> None:
    logits = torch.randn(5, dtype=torch.float64)
    draws = torch.tensor(list(permutations(range(5), 3)))
    assert plackett_luce(logits, draws).exp().sum().item() == pytest.approx(1.0)


def test_gumbel_draws_follow_it() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0])
    dice = torch.Generator().manual_seed(0)
    counts = torch.zeros(4)
    for noise in gumbel_noise((4000, 4), dice):
        counts[gumbel_topk(logits, noise, 2)] += 1
    draws = torch.tensor(list(permutations(range(4), 2)))
    p = plackett_luce(logits, draws).exp()
    expected = torch.stack([p[(draws == frame).any(1)].sum() for frame in range(4)])
    torch.testing.assert_close(counts / 4000, expected, atol=0.03, rtol=0)
    assert gumbel_topk(logits, torch.zeros(4), 9).tolist() == [0, 1, 2, 3], "k above T takes all"


def test_bins_share_the_video() -> None:
    logits = torch.randn(11)
    for k in range(1, 14):
        chosen = inference_select(logits, k, "bin-max").tolist()
        assert len(set(chosen)) == min(k, 11)
        assert chosen == sorted(chosen)
    with pytest.raises(ValueError, match="method"):
        inference_select(logits, 2, "best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0"):
        tau_schedule(0, tau0=0.0, max_steps=1)


@pytest.mark.parametrize(
    ("said", "wanted", "right"),
    [
        ("B", "<answer>b</answer>", True),
        ("<answer>C</answer> and not B", "C", True),
        ("42.0", "<answer>42</answer>", True),
        ("nothing", "no letter", False),
        ("zebra", "A", False),
        ("A or B", "B", False),
    ],
)
def test_accuracy_is_the_first_letter_that_stands_alone(said: str, wanted: str, right: bool) -> None:
    assert accuracy.verdict(said, solution=wanted).passed is right


def test_an_empty_mask_or_selection_earns_no_frames() -> None:
    assert temporal.verdict("", selected=[1, 2], relevant_mask=[0, 0, 0]).score == 0
    assert temporal.verdict("", selected=[], relevant_mask=[1]).score == 0


def test_the_needle_is_marked() -> None:
    hay = needle_in_haystack("abcdef", ["123", "456789"], random.Random(0), longest=4, distractors=5)
    assert all(mark == frame.isalpha() for frame, mark in zip(hay.frames, hay.relevant_mask, strict=True))
    assert 1 <= sum(hay.relevant_mask) <= 16
    with pytest.raises(ValueError, match="at least one"):
        needle_in_haystack("", ["1"], random.Random(0))


def trainer(max_steps: int, seed: int = 0, **more: Any) -> TSPOTrainer:
    torch.manual_seed(seed)
    config = TSPOConfig(max_steps=max_steps, k=K, learning_rate=2e-3, accumulation=1, seed=seed, **more)
    return TSPOTrainer(TemporalAgent(32, num_heads=4), iter(World(seed)), reader, needle, config)


@pytest.mark.parametrize("likelihood", ["marginal", "plackett_luce"])
def test_training_raises_the_reward(likelihood: Any) -> None:
    rewards: list[float] = []
    trainer(160, likelihood=likelihood).train(lambda step, log: rewards.append(log["reward"]))
    assert sum(rewards[-40:]) / 40 > sum(rewards[:40]) / 40 + 0.2


def test_a_resumed_run_ends_as_one_without_interruption(tmp_path: Path) -> None:
    whole, first, second = trainer(6), trainer(6), trainer(6)
    whole.train()
    first.videos = second.videos = iter(World(0))

    def stop(step: int, log: Any) -> None:
        if step == 3:
            first.save(tmp_path)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        first.train(stop)
    second.load(tmp_path)
    second.train()
    assert second.step == 6
    for resumed, uninterrupted in zip(second.agent.parameters(), whole.agent.parameters(), strict=True):
        assert torch.equal(resumed, uninterrupted)
    with pytest.raises(ValueError, match="was saved with"):
        trainer(7).load(tmp_path)


def test_a_reward_that_abstains_teaches_nothing() -> None:
    run = trainer(1)
    video = next(run.videos)
    before = [p.clone() for p in run.agent.parameters()]
    run.score = lambda video, selections: torch.full((len(selections),), NAN)  # type: ignore[method-assign]
    run._group(video)
    assert all(p.grad is None for p in run.agent.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, run.agent.parameters(), strict=True))


def test_a_feature_of_zeros_has_no_similarity() -> None:
    frames, text = torch.zeros(3, 8), torch.randn(2, 8)
    assert not similarity(frames, text).any()
    assert torch.isfinite(TemporalAgent(8, num_heads=2)(frames, text, torch.zeros(3), 0.01)).all()
    with pytest.raises(ValueError, match="heads"):
        TemporalAgent(10, num_heads=4)


def test_clip_gives_features_of_frames_and_questions() -> None:
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 50, "projection_dim": 8},
        vision_config={**small, "image_size": 16, "patch_size": 8, "projection_dim": 8},
        projection_dim=8,
    )

    def processor(images: Any = None, text: Any = None, **_: Any) -> dict[str, torch.Tensor]:
        if images is not None:
            return {"pixel_values": torch.stack([torch.tensor(np.array(i)).permute(2, 0, 1) / 255 for i in images])}
        return {"input_ids": torch.tensor([[1, 2, 49]]), "attention_mask": torch.ones(1, 3, dtype=torch.long)}

    features = ClipFeatures(CLIPModel(config), processor, batch=2)
    images = [Image.new("RGB", (16, 16), (shade, 0, 0)) for shade in (0, 100, 200)]
    assert features.frames(images).shape == (3, 8)
    assert features.text("red?").shape == (1, 8)
