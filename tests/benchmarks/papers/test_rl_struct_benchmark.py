"""The experiment's own parts: what the demonstrations lack, what is read off a run, what is claimed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from jurybox.benchmarks.experiment import Result
from jurybox.benchmarks.papers.rl_struct.experiments import EXPERIMENTS, GROUP, KEYS, Imitation, rows, with_rises
from jurybox.judges.structured import structure_metrics


def test_demonstrations_are_half_valid_and_mostly_lack_a_key() -> None:
    drawn = rows(0)
    texts = [text for row in drawn for text in row["demonstrations"]]
    assert len(texts) == GROUP * len(drawn)
    metrics = structure_metrics(texts, KEYS)
    assert metrics["json_validity"] == pytest.approx(0.45, abs=0.03)
    assert metrics["structural_accuracy"] == pytest.approx(0.30, abs=0.03)


def test_imitation_is_the_mean_negative_log_probability_of_tokens() -> None:
    batch = SimpleNamespace(
        logps=torch.tensor([[-1.0, -3.0], [-5.0, -9.0]]), mask=torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    )
    loss, _ = Imitation(None).loss(batch)  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(3.0)


def curve(rises_at: int, steps: int = 50) -> list[tuple[int, float]]:
    return [(step, float(step >= rises_at)) for step in range(1, steps + 1)]


def result(valid: float, structure: float, *, rises: tuple[int, int, int] = (25, 26, 30), steps: int = 50) -> Result:
    numbers = {"json_validity": valid, "structural_accuracy": structure}
    parts = dict(zip(("valid", "struct", "correct"), rises, strict=True))
    curves = {f"train/{part}": curve(at, steps) for part, at in {**parts, "format": 25}.items()}
    start = {"json_validity": 0.5, "structural_accuracy": 0.3}
    return with_rises(Result(final=numbers, start=start, curves=curves))


def test_claims_can_hold_and_fail() -> None:
    runs = {
        "sft": result(0.5, 0.3),
        "rl-struct": result(0.9, 0.9),
        "no-struct": result(0.9, 0.3),
        "no-valid": result(0.7, 0.9),
        "no-syntax": result(0.5, 0.9),
    }
    (experiment,) = EXPERIMENTS
    assert runs.keys() == experiment.arms.keys()
    assert all(claim.holds(runs) for claim in experiment.claims)
    equal = {name: result(0.5, 0.3, rises=(31, 31, 30)) for name in runs}
    assert not any(claim.holds(equal) for claim in experiment.claims)


def test_a_short_run_tells_of_no_rise() -> None:
    short = result(0.9, 0.9, steps=10)
    assert short == replace(short, final={"json_validity": 0.9, "structural_accuracy": 0.9})
