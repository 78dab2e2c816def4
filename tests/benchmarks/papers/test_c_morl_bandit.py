"""The bandit of the specification: extension covers what stage 1 leaves empty, on five seeds."""

from __future__ import annotations

from statistics import fmean

import pytest

from jurybox.benchmarks.papers.c_morl.bandit import ARMS, Bandit


def trained(arm: str, seed: int) -> Bandit:
    bandit = Bandit(ARMS[arm], seed, 1800)
    *_, last = bandit.train()
    bandit.last = last  # type: ignore[attr-defined]
    return bandit


@pytest.mark.slow
def test_extension_beats_stage_one_alone_at_equal_updates() -> None:
    extended, alone = ([trained(arm, seed) for seed in range(5)] for arm in ("extension", "stage-1"))
    assert all(bandit.done == 1800 for bandit in extended + alone)
    gain = [a.last["volume"] - b.last["volume"] for a, b in zip(extended, alone, strict=True)]  # type: ignore[attr-defined]
    assert fmean(gain) > 0.05
    assert all(len(bandit.front) > 3 for bandit in extended)
