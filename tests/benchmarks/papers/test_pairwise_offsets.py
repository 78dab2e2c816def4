"""What offsets of prompts do to a score and not to a win probability, on tables of logits."""

from __future__ import annotations

import pytest
import torch

from jurybox.benchmarks.experiment import Setting
from jurybox.benchmarks.papers.pairwise_rl.offsets import EXPERIMENT


@pytest.mark.slow
def test_the_claims_hold_on_a_seed_that_is_not_in_the_results() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors: more threads only wait for each other
    results = {arm: EXPERIMENT.run(Setting(arm, 7, EXPERIMENT.steps, lambda *_: None)) for arm in EXPERIMENT.arms}
    torch.set_num_threads(threads)
    for claim in EXPERIMENT.claims:
        assert claim.holds(results), claim.text
    assert results["score"].start["win"] < 0.6
