"""The tabular experiment as the specification has it, to three digits, and the comparison at the same KL."""

from __future__ import annotations

import pytest

from jurybox.benchmarks.experiment import Result, Setting
from jurybox.benchmarks.papers.implicit_reward.experiments import beside_sft
from jurybox.benchmarks.papers.implicit_reward.tabular import ARMS, EXPERIMENT, STEPS, run

EXPECTED = {
    "total_variation": 0.785,
    "pearson_chi2": 0.513,
    "reverse_kl-guard": 0.397,
    "reverse_kl": 0.379,
    "squared_hellinger": 0.224,
    "jensen_shannon": 0.217,
}


@pytest.mark.slow
def test_how_far_each_divergence_goes() -> None:
    results = {arm: run(Setting(arm, 0, STEPS, lambda *_: None)) for arm in ARMS}
    for arm, kl in EXPECTED.items():
        assert results[arm].final["kl-0.5"] == pytest.approx(kl, abs=5e-4)
    chi2 = results["pearson_chi2"].final
    assert [chi2["kl-0.1"], chi2["kl-0.5"], chi2["kl-1.0"]] == pytest.approx([0.724, 0.513, 0.328], abs=5e-4)
    assert all(claim.holds(results) for claim in EXPERIMENT.claims)


def test_the_nll_of_sft_at_the_same_kl_lies_on_its_path() -> None:
    path = {"kl": [(0, 0.0), (2, 1.0), (4, 3.0)], "nll": [(0, 4.0), (2, 2.0), (4, 1.0)]}
    results = {"sft": Result({}, path), "other": Result({"kl": 2.0, "nll": 1.7})}
    assert beside_sft(results, "other") == pytest.approx(0.2)
    assert beside_sft({**results, "other": Result({"kl": 0.5, "nll": 3.0})}, "other") == pytest.approx(0.0)
