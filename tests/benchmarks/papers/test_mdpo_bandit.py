"""The bandit as the paper's specification describes it, on five seeds; about a second and a half."""

from __future__ import annotations

from statistics import fmean

import pytest

from jurybox.benchmarks.papers.mdpo.bandit import ARMS, Bandit
from jurybox.benchmarks.papers.mdpo.experiments import largest_drop


def rewards(arm: str) -> list[list[float]]:
    return [list(Bandit().train(ARMS[arm], seed=seed, iterations=60)) for seed in range(5)]


@pytest.mark.slow
def test_ten_inner_steps_are_early_and_one_arrives_too() -> None:
    ten, one = rewards("mdpo"), rewards("one")
    assert fmean(run[10] for run in ten) == pytest.approx(0.97, abs=0.03)
    assert fmean(run[10] for run in one) == pytest.approx(0.61, abs=0.03)
    assert all(run[60] > 0.97 for run in ten + one)


def test_the_largest_drop_is_from_the_best_before() -> None:
    assert largest_drop([0.1, 0.2, 0.3]) == 0
    assert largest_drop([0.2, 0.9, 0.5, 0.6, 0.1]) == pytest.approx(0.8)
