"""CODPO without its bonus is the sigmoid loss of TRL's own DPO trainer, on the same pairs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from jurybox.trainers.papers.cgpo import codpo_loss
from tests.trainers.seam_tiny import tiny_model, tiny_tokenizer

PAIRS = [("say e", " e e e", " o t"), ("say t", " t", " n n o e")]


def answer_logps(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """`(2n,)` log-probabilities of the answers, in float32 as TRL's."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    tokens = batch["input_ids"][:, 1:].unsqueeze(-1)
    logps = logits.log_softmax(-1).gather(-1, tokens).squeeze(-1)
    return (logps * batch["completion_mask"][:, 1:]).sum(-1)


@pytest.mark.slow
def test_codpo_without_bonus_is_trls_sigmoid_loss(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    policy = tiny_model(len(tokenizer))
    reference = copy.deepcopy(policy)
    with torch.no_grad():
        for weight in reference.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel())))
    rows = [{"prompt": p, "chosen": c, "rejected": r} for p, c, r in PAIRS]
    options: dict[str, Any] = {"use_cpu": True, "bf16": False, "report_to": "none", "disable_tqdm": True}
    args = DPOConfig(str(tmp_path), beta=0.3, loss_type=["sigmoid"], per_device_train_batch_size=2, **options)
    trainer = DPOTrainer(
        model=policy, ref_model=reference, args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    batch = next(iter(trainer.get_train_dataloader()))
    expected = trainer.compute_loss(trainer.model, dict(batch))
    expected.backward()
    theirs = [weight.grad.clone() for weight in trainer.model.parameters()]
    trainer.model.zero_grad()

    chosen, rejected = answer_logps(trainer.model, batch).chunk(2)
    with torch.no_grad():
        chosen_ref, rejected_ref = answer_logps(reference, batch).chunk(2)
    lengths = batch["completion_mask"].sum(-1).chunk(2)[0]
    kept = torch.ones(2, dtype=torch.bool)
    found = codpo_loss(chosen, rejected, chosen_ref, rejected_ref, lengths, kept, beta=0.3, lam=0.0)
    found.loss.backward()
    assert found.margin.abs().min() > 1e-3, "policy and reference must differ, or every loss is log 2"
    assert found.loss.item() == pytest.approx(expected.item(), abs=1e-6)
    for ours, weight in zip(theirs, trainer.model.parameters(), strict=True):
        assert torch.allclose(ours, weight.grad, atol=1e-6)
