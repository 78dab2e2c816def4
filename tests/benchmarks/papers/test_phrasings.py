"""The four phrasings: what raters say of them, and what is measured of a policy."""

from __future__ import annotations

from collections import Counter
from math import exp, log

import pytest
import torch

from jurybox.benchmarks.experiment import Setting
from jurybox.benchmarks.playground.phrasings import REWARDS, TASK, Distribution, preference_pairs

UNIFORM = Distribution(torch.full((3, 4), 0.25, dtype=torch.float64))


def test_raters_prefer_by_the_difference_of_rewards() -> None:
    pairs = preference_pairs(Setting("", 0, 200, listen=lambda step, shown: None))
    places = {}
    for row in TASK.every_row("train"):
        places |= {(row["prompt"], answer): place for place, answer in enumerate(TASK.answers(row))}
    chosen = Counter((places[p["prompt"], p["chosen"]], places[p["prompt"], p["rejected"]]) for p in pairs)
    for first in range(4):
        for second in range(first):
            share = chosen[first, second] / (chosen[first, second] + chosen[second, first])
            assert share == pytest.approx(1 / (1 + exp(REWARDS[second] - REWARDS[first])), abs=0.05)


def test_no_prompt_is_on_both_sides() -> None:
    train, held_out = ({row["prompt"] for row in TASK.every_row(side)} for side in ("train", "held-out"))
    assert len(train) + len(held_out) == 100
    assert not train & held_out
    assert len(held_out) >= 5


def test_measures_of_a_distribution() -> None:
    policy = Distribution(torch.tensor([[0.4, 0.2, 0.1, 0.1]] * 3, dtype=torch.float64))
    assert policy.other == pytest.approx(0.2)
    assert policy.reward == pytest.approx((0.4 * 2 + 0.2 - 0.1) / 0.8)
    assert policy.distance(UNIFORM) == pytest.approx(0.25)
    assert UNIFORM.entropy == pytest.approx(log(4))
    assert policy.kl(UNIFORM) == pytest.approx(log(4) - policy.entropy)
    # Of the six pairs: four times log 2 or log 4 between different ones.
    assert policy.margin(UNIFORM) == pytest.approx((log(2) + 2 * log(4) + 2 * log(2) + 0) / 6)


def test_the_optimum_of_a_uniform_reference() -> None:
    best = UNIFORM.optimum(divergence="reverse_kl", beta=0.5)
    expected = torch.tensor(REWARDS, dtype=torch.float64).div(0.5).softmax(-1)
    torch.testing.assert_close(best.probs, expected.expand(3, 4))
