"""DPO and f-DPO through TRL: the numbers of its batch, what the reference is, and what forty steps teach."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import trl
from datasets import Dataset
from offline_papers import OfflinePaper
from offline_runs import build, flat, losses, weights
from seam_tiny import tiny_model, tiny_tokenizer
from torch import Tensor

from jurybox.trainers.papers.dpo import IGNORED, DPOConfig, DPOTrainer, dpo_loss_from_logits, sequence_logps
from jurybox.trainers.papers.f_dpo import FDPOConfig, FDPOTrainer, fdpo_loss, implicit_reward, trl_options

pytestmark = pytest.mark.slow

DIVERGENCES: list[tuple[Any, float | None]] = [
    ("reverse_kl", None), ("forward_kl", None), ("jsd", None), ("alpha_divergence", 0.3), ("alpha_divergence", 0.7),
]  # fmt: skip
PLAIN = OfflinePaper(DPOTrainer, DPOConfig)
TRL = OfflinePaper(trl.DPOTrainer, trl.DPOConfig)
F_DPO = OfflinePaper(FDPOTrainer, FDPOConfig)


def of_one_batch(trainer: Any) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The trainer's loss of its first batch; logits, chosen and rejected, of policy and reference; labels."""
    batch = next(iter(trainer.get_train_dataloader()))
    labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, IGNORED)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        logits = [half for model in (trainer.model, trainer.ref_model) for half in model(**inputs).logits.chunk(2)]
        loss = trainer.compute_loss(trainer.model, batch)
    return loss, logits, list(labels.chunk(2))


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"ipo": True}, {"reference_free": True}], ids=str)
def test_trl_computes_what_the_function_does(options: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    trainer = build(PLAIN, model_dir, str(tmp_path), max_steps=2, **options)
    trainer.train()  # away from the reference
    loss, logits, labels = of_one_batch(trainer)
    _, expected = dpo_loss_from_logits(*logits, *labels, **options)
    assert loss.item() == pytest.approx(expected.loss.item(), rel=1e-5)


@pytest.mark.parametrize(("divergence", "alpha"), DIVERGENCES)
def test_ours_trains_as_trl_s_own_does(divergence: Any, alpha: float | None, model_dir: str, tmp_path: Path) -> None:
    """The map of names, of α to 1 − α above all; the reverse KL is TRL's plain loss."""
    options = {"divergence": divergence, "alpha": alpha, "beta": 0.3}
    ours = build(F_DPO, model_dir, str(tmp_path / "ours"), **options)
    theirs = build(
        TRL, model_dir, str(tmp_path / "trl"), beta=0.3, max_grad_norm=10.0, **trl_options(divergence, alpha)
    )
    for trainer in (ours, theirs):
        trainer.train()
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-6, rtol=0)
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-5)
    loss, logits, labels = of_one_batch(ours)
    logps = [sequence_logps(logits[place], labels[place % 2]) for place in range(4)]
    assert loss.item() == pytest.approx(fdpo_loss(*logps, **options).loss.item(), rel=1e-5)


def test_alpha_and_one_minus_alpha_differ(model_dir: str, tmp_path: Path) -> None:
    runs = [
        build(F_DPO, model_dir, str(tmp_path), divergence="alpha_divergence", alpha=alpha, beta=1.0)
        for alpha in (0.3, 0.7)
    ]
    for trainer in runs:
        trainer.train()
    assert abs(losses(runs[0])[-1] - losses(runs[1])[-1]) > 1e-3


def test_scores_are_those_of_the_divergence(model_dir: str, tmp_path: Path) -> None:
    trainer = build(F_DPO, model_dir, str(tmp_path), divergence="jsd", per_device_train_batch_size=1)
    trainer.train()
    log = next(row for row in reversed(trainer.state.log_history) if "loss" in row)
    assert log["f_dpo/margin"] == pytest.approx(log["f_dpo/chosen"] - log["f_dpo/rejected"], abs=1e-6)
    d = torch.tensor(log["rewards/chosen"] / 0.1)  # TRL logs β d, whatever the divergence
    assert log["f_dpo/chosen"] == pytest.approx(0.1 * implicit_reward(d, "jsd").item(), rel=1e-4)
    assert abs(log["f_dpo/chosen"]) < abs(log["rewards/chosen"])


def test_the_reference_is_the_model_that_is_passed_in(model_dir: str, tmp_path: Path) -> None:
    """Not what its folder has: the model has been trained since, or was never saved."""
    for model in (tiny_model(len(tiny_tokenizer())), trl.trainer.utils.create_model_from_path(model_dir)):
        with torch.no_grad():
            model.lm_head.weight += 0.1
        before = flat(model).clone()
        trainer = build(PLAIN, model, str(tmp_path))
        trainer.train()
        assert torch.equal(flat(trainer.ref_model), before)
        assert not torch.equal(weights(trainer), before)
        first = next(row for row in trainer.state.log_history if "loss" in row)
        assert first["loss"] == pytest.approx(0.6931, abs=1e-4)


def test_precomputed_references_need_no_copy(tmp_path: Path) -> None:
    model = tiny_model(len(tiny_tokenizer()))
    trainer = build(PLAIN, model, str(tmp_path / "a"), precompute_ref_log_probs=True)
    plain = build(PLAIN, tiny_model(len(tiny_tokenizer())), str(tmp_path / "b"))
    assert trainer.ref_model is None
    for one in (trainer, plain):
        one.train()
    torch.testing.assert_close(weights(trainer), weights(plain), atol=1e-6, rtol=0)


def test_identical_answers_are_dropped(model_dir: str, tmp_path: Path) -> None:
    rows = [{"prompt": "say e", "chosen": "ee", "rejected": "ee" if place < 3 else "t"} for place in range(8)]
    with pytest.warns(UserWarning, match="dropped 3 of 8 pairs"):
        trainer = build(OfflinePaper(DPOTrainer, DPOConfig, rows=lambda: rows), model_dir, str(tmp_path))
    assert len(trainer.train_dataset) == 5
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        build(OfflinePaper(DPOTrainer, DPOConfig, rows=lambda: rows[3:]), model_dir, str(tmp_path))


def test_data_may_stream(model_dir: str, tmp_path: Path) -> None:
    rows = [{"prompt": "say e", "chosen": "e" * (1 + place % 2), "rejected": "ee"} for place in range(32)]
    trainer = DPOTrainer(
        model_dir,
        args=DPOConfig(str(tmp_path), max_steps=2, use_cpu=True, bf16=False, report_to="none", save_strategy="no"),
        train_dataset=Dataset.from_list(rows).to_iterable_dataset(),
        processing_class=tiny_tokenizer(),
    )
    assert len(list(trainer.train_dataset)) == 16
    trainer.train()


# Forty steps: an answer of a letter from a to h is preferred to one of a letter from s to z.


def letters(count: int, shift: int = 0) -> list[dict[str, str]]:
    return [
        {
            "prompt": f"say {place + shift}",
            "chosen": "abcdefgh"[place % 8] * (2 + place % 3),
            "rejected": "stuvwxyz"[(place + place // 8) % 8] * (2 + (place + 1) % 3),
        }
        for place in range(count)
    ]


FORTY = {
    "per_device_train_batch_size": 16, "max_steps": 40, "learning_rate": 1e-3, "optim": "adamw_torch",
    "logging_steps": 10, "lr_scheduler_type": "linear",
}  # fmt: skip


def trained(trainer: type[Any], config: type[Any], out: Path, **options: Any) -> Any:
    def rows() -> list[dict[str, str]]:
        return demonstrations(letters(128)) if trainer is trl.SFTTrainer else letters(128)

    result = build(
        OfflinePaper(trainer, config, rows=rows), tiny_model(len(tiny_tokenizer())), str(out), **FORTY, **options
    )
    result.train()
    return result


def demonstrations(pairs: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"prompt": pair["prompt"], "completion": pair["chosen"]} for pair in pairs]


def margin(trainer: Any) -> float:
    """Mean over 64 fresh pairs of the chosen answer's log-ratio less the rejected one's, in nats."""
    tokenizer, start = tiny_tokenizer(), tiny_model(len(tiny_tokenizer()))
    model = trainer.accelerator.unwrap_model(trainer.model).eval()

    def logp(model: Any, prompt: str, answer: str) -> float:
        asked, said = tokenizer(prompt)["input_ids"], [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        labels = torch.tensor([[IGNORED] * len(asked) + said])
        with torch.no_grad():
            return sequence_logps(model(input_ids=torch.tensor([asked + said])).logits, labels).item()

    differences = [
        sign * (logp(model, pair["prompt"], pair[side]) - logp(start, pair["prompt"], pair[side]))
        for pair in letters(64, shift=500)
        for side, sign in (("chosen", 1), ("rejected", -1))
    ]
    return sum(differences) / 64


def logged(trainer: Any, name: str) -> list[float]:
    return [row[name] for row in trainer.state.log_history if name in row]


def test_forty_steps_teach_the_preference_better_than_imitation(tmp_path: Path) -> None:
    dpo = trained(DPOTrainer, DPOConfig, tmp_path / "dpo")
    assert losses(dpo) == sorted(losses(dpo), reverse=True)
    assert losses(dpo)[0] < 0.6931
    assert losses(dpo)[-1] < 0.45
    assert logged(dpo, "rewards/accuracies")[-1] >= 0.95
    assert logged(dpo, "rewards/margins") == sorted(logged(dpo, "rewards/margins"))
    assert torch.equal(flat(dpo.ref_model), flat(tiny_model(len(tiny_tokenizer()))))
    sft = trained(trl.SFTTrainer, trl.SFTConfig, tmp_path / "sft")
    assert margin(sft) < margin(dpo)


@pytest.mark.parametrize(("divergence", "alpha"), DIVERGENCES[1:4])
def test_forty_steps_under_every_divergence(divergence: Any, alpha: float | None, tmp_path: Path) -> None:
    trainer = trained(FDPOTrainer, FDPOConfig, tmp_path, divergence=divergence, alpha=alpha)
    assert torch.isfinite(torch.tensor(losses(trainer))).all()
    assert torch.isfinite(weights(trainer)).all()
    assert logged(trainer, "rewards/accuracies")[-1] >= 0.95
    assert logged(trainer, "f_dpo/margin")[-1] > logged(trainer, "f_dpo/margin")[0]
