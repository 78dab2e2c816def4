"""The reward model of pairs, through TRL's SFTTrainer on a model of two layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from jurybox.benchmarks.papers.pairwise_rl.verdicts import FORM, MISTAKES, Rater, measured
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.benchmarks.playground.tokenizer import character_tokenizer
from jurybox.judges.pairwise import ComparisonForm
from jurybox.trainers import PairwiseRMConfig, PairwiseRMTrainer
from jurybox.trainers.papers.pairwise_rl import pairwise_rm_loss

TOKENIZER = character_tokenizer()
PLAIN: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "report_to": "none",
    "save_strategy": "no",
    "logging_steps": 1,
    "lr_scheduler_type": "constant",
    "disable_tqdm": True,
}


def model(seed: int = 0) -> Any:
    return tiny_policy(TOKENIZER, seed=seed, hidden=32, layers=2, heads=2, mlp=64, positions=64)


def trainer(policy: Any, rows: list[dict[str, Any]], output: Path, **settings: Any) -> PairwiseRMTrainer:
    args = PairwiseRMConfig(str(output), **PLAIN | {"per_device_train_batch_size": 8, "max_steps": 1} | settings)
    return PairwiseRMTrainer(
        policy, args, form=FORM, train_dataset=Dataset.from_list(rows), processing_class=TOKENIZER
    )  # fmt: skip


def margins(policy: Any, rows: list[dict[str, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of both words, first in the original order and then in the swapped one: two times `(2, n)`."""
    tokens = FORM.verdict_tokens(TOKENIZER)
    logits = []
    for first, second in (("chosen", "rejected"), ("rejected", "chosen")):
        for row in rows:
            ids = torch.tensor([FORM.encode(TOKENIZER, row["prompt"], row[first], row[second])])
            logits.append(policy(ids).logits[0, -1])
    ends = torch.stack(logits)
    return ends[:, tokens.first].chunk(2), ends[:, tokens.second].chunk(2)


@pytest.mark.slow
def test_the_loss_of_a_step_is_that_of_the_formula_soft_labels_included(tmp_path: Path) -> None:
    policy = model()
    rows = [{**row, "label": 0.25 * (i % 5)} for i, row in enumerate(Rater(0.0).rows(8, "a"))]
    (first, first_swapped), (second, second_swapped) = margins(policy, rows)
    labels = torch.tensor([row["label"] for row in rows])
    expected = pairwise_rm_loss(first, second, labels, first_swapped, second_swapped, consistency_weight=0.7)
    learner = trainer(policy, rows, tmp_path, consistency_weight=0.7)
    learner.train()
    assert learner.state.log_history[0]["loss"] == pytest.approx(expected.loss.item(), abs=1e-5)
    assert learner.state.log_history[0]["rm/inconsistency"] == pytest.approx(expected.mse_consistency.item(), abs=1e-5)


@pytest.mark.slow
def test_over_the_whole_vocabulary_it_is_supervised_fine_tuning(tmp_path: Path) -> None:
    rows = Rater(0.0).rows(4, "a")
    texts = []
    for row in rows:
        for a, b, word in ((row["chosen"], row["rejected"], FORM.yes), (row["rejected"], row["chosen"], FORM.no)):
            prompt = FORM.encode(TOKENIZER, "", a, b)
            verdict = TOKENIZER.encode(word)
            texts.append({"input_ids": [*prompt, *verdict], "labels": [*[-100] * len(prompt), *verdict]})
    args = SFTConfig(str(tmp_path / "sft"), max_steps=1, per_device_train_batch_size=8, **PLAIN)
    supervised = SFTTrainer(model(), args, train_dataset=Dataset.from_list(texts), processing_class=TOKENIZER)
    ours = trainer(model(), rows, tmp_path, per_device_train_batch_size=4, full_vocab=True, consistency_weight=0.0)
    for each in (supervised, ours):
        each.train()
    assert ours.state.log_history[0]["loss"] == pytest.approx(supervised.state.log_history[0]["loss"], abs=1e-5)
    for p, q in zip(ours.model.parameters(), supervised.model.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_accumulation_and_an_incomplete_batch_change_nothing(tmp_path: Path) -> None:
    rows = Rater(0.0).rows(6, "a")
    runs = [
        trainer(model(), rows, tmp_path / str(size), per_device_train_batch_size=size, max_steps=-1, num_train_epochs=1,
                gradient_accumulation_steps=steps, optim="sgd", learning_rate=0.1)
        for size, steps in ((6, 1), (4, 2))
    ]  # fmt: skip
    for run in runs:
        run.train()
    for p, q in zip(runs[0].model.parameters(), runs[1].model.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_it_learns_a_rule_from_an_inattentive_rater_and_the_penalty_makes_orders_agree(tmp_path: Path) -> None:
    found = {}
    for weight in (0.0, 1.0):
        policy = model(seed=2)
        rows = Rater(MISTAKES).rows(16 * 80, "train/2")
        settings = {"per_device_train_batch_size": 16, "max_steps": 80, "learning_rate": 3e-3, "seed": 2}
        trainer(policy, rows, tmp_path, consistency_weight=weight, **settings).train()
        found[weight] = measured(policy, TOKENIZER, 2)
    assert min(result["accuracy"] for result in found.values()) > 0.9
    assert found[1.0]["inconsistency"] < found[0.0]["inconsistency"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"consistency_weight": -1.0}, "consistency_weight"),
        ({"packing": True}, "packing"),
        ({"remove_unused_columns": True}, "remove_unused"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        PairwiseRMConfig(str(tmp_path), **PLAIN | settings)


def test_words_that_are_no_tokens_are_refused_at_construction(tmp_path: Path) -> None:
    args = PairwiseRMConfig(str(tmp_path), **PLAIN)
    rows = Dataset.from_list(Rater(0.0).rows(4, "a"))
    with pytest.raises(ValueError, match="'YES' must be one token"):
        PairwiseRMTrainer(model(), args, form=ComparisonForm(), train_dataset=rows, processing_class=TOKENIZER)
