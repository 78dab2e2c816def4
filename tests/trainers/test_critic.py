"""The critic: what it sees, where it starts, and that it learns and is saved beside the policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from online_papers import PAPERS
from paper_runs import build, weights
from peft import LoraConfig, get_peft_model
from seam_tiny import tiny_model, tiny_tokenizer

from jurybox.trainers import Objective
from jurybox.trainers.critic import Contexts, Critic, CriticObjective, backbone_of


@pytest.fixture(scope="module")
def critic() -> Critic:
    made = Critic(backbone_of(tiny_model(280)))
    torch.nn.init.normal_(made.head.weight)
    return made


def test_it_starts_at_nothing() -> None:
    values = Critic(backbone_of(tiny_model(280)))(Contexts.of([[5, 6]], 0, "cpu"), torch.tensor([[7, 8, 1]]))
    assert values.tolist() == [[0.0, 0.0, 0.0]]


def test_a_value_does_not_depend_on_its_own_token_or_later_ones_but_on_all_before(critic: Critic) -> None:
    contexts = Contexts.of([[5, 6, 7]], 0, "cpu")
    values = critic(contexts, torch.tensor([[10, 11, 12]]))
    changed = critic(contexts, torch.tensor([[10, 20, 21]]))
    torch.testing.assert_close(values[:, :2], changed[:, :2], atol=1e-6, rtol=0)
    assert (values[:, 2] - changed[:, 2]).abs().item() > 1e-3
    other = critic(Contexts.of([[9, 6, 7]], 0, "cpu"), torch.tensor([[10, 11, 12]]))
    assert ((values - other).abs() > 1e-3).all()


def test_padding_changes_nothing(critic: Critic) -> None:
    alone = critic(Contexts.of([[5, 6]], 0, "cpu"), torch.tensor([[10, 11]]))
    batch = critic(Contexts.of([[5, 6], [1, 2, 3, 4, 5]], 0, "cpu"), torch.tensor([[10, 11, 0], [9, 9, 9]]))
    torch.testing.assert_close(batch[:1, :2], alone, atol=1e-5, rtol=0)


def test_its_backbone_is_a_copy_without_adapters_and_all_of_it_learns() -> None:
    model = tiny_model(280)
    adapted = get_peft_model(tiny_model(280), LoraConfig(r=2, target_modules=["q_proj"]))
    for given in (model, adapted):
        backbone = backbone_of(given)
        assert not any("lora" in name for name, _ in backbone.named_parameters())
        assert all(p.requires_grad for p in backbone.parameters())
    before = model.model.embed_tokens.weight.clone()
    torch.nn.init.zeros_(backbone_of(model).embed_tokens.weight)
    assert torch.equal(model.model.embed_tokens.weight, before)


def test_it_reads_the_ids_that_the_policy_was_conditioned_on_and_the_anchor_before_them() -> None:
    made = CriticObjective(SimpleNamespace(max_context_length=5))
    made.tokenizer, made.anchor = tiny_tokenizer(), "anchor"
    anchor = made.tokenizer("e\n")["input_ids"]
    rollout: Any = SimpleNamespace(
        rows=[{"anchor": "e"}, {"anchor": None}],
        prompt_ids=torch.tensor([[0, 7, 8], [5, 6, 7]]),
        prompt_mask=torch.tensor([[0, 1, 1], [1, 1, 1]]),
        completion_ids=torch.zeros(2, 1),
    )
    contexts = made.read(rollout)
    read = [ids[mask > 0].tolist() for ids, mask in zip(contexts.ids, contexts.mask, strict=True)]
    assert read == [[*anchor, 7, 8], [5, 6, 7]]
    made.anchor, made.config.max_context_length = "", 2
    assert made.read(rollout).ids.tolist() == [[7, 8], [6, 7]], "the last ones"


# ---- beside a policy --------------------------------------------------------------------------------------

PPO = PAPERS["pairwise-ppo"]


@pytest.mark.slow
def test_it_learns_in_the_policys_optimiser_at_its_own_rate_and_with_its_own_clip(
    model_dir: str, tmp_path: Path
) -> None:
    still, moved = (
        build(PPO, model_dir, str(tmp_path), scripted=True, max_steps=2, critic_learning_rate=rate)
        for rate in (0.0, 0.1)
    )
    before = [p.detach().clone() for p in moved.critic.parameters()]
    for trainer in (still, moved):
        trainer.train()
    assert all(torch.equal(p, q) for p, q in zip(still.critic.parameters(), before, strict=True))
    assert not torch.equal(moved.critic.head.bias, before[-1])
    assert {group["lr"] for group in moved.optimizer.param_groups} == {0.1}
    assert not any("critic" in name for name, _ in moved.model.named_parameters())
    norms = [row["companion_grad_norm"] for row in moved.state.log_history if "companion_grad_norm" in row]
    assert len(norms) == 2
    assert all(norm > 0 for norm in norms)


@pytest.mark.slow
def test_it_is_the_same_after_a_resume_and_with_accumulation(model_dir: str, tmp_path: Path) -> None:
    def run(folder: str, **settings: Any) -> Any:
        return build(PPO, model_dir, str(tmp_path / folder), scripted=True, optim="adamw_torch", **settings)

    # a learning rate at which Adam's steps are small beside what rounding does to gradients near 0
    settings = {"max_steps": 4, "learning_rate": 1e-3, "num_iterations": 2}
    whole = run("whole", save_strategy="steps", save_steps=2, **settings)
    whole.train()
    resumed = run("resumed", **settings)
    resumed.train(resume_from_checkpoint=str(tmp_path / "whole" / "checkpoint-2"))
    for p, q in zip(resumed.critic.parameters(), whole.critic.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-6, rtol=0)
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-6, rtol=0)
    (tmp_path / "whole" / "checkpoint-2" / "critic.pt").unlink()
    with pytest.raises(FileNotFoundError, match=r"critic\.pt is missing"):
        run("again", **settings).train(resume_from_checkpoint=str(tmp_path / "whole" / "checkpoint-2"))

    one, two = (
        build(
            PPO,
            model_dir,
            str(tmp_path / str(accumulated)),
            scripted=True,
            per_device_train_batch_size=8 // accumulated,
            gradient_accumulation_steps=accumulated,
        )
        for accumulated in (1, 2)
    )
    for trainer in (one, two):
        trainer.train()
    for p, q in zip(one.critic.parameters(), two.critic.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-5, rtol=0)


def test_it_needs_an_objective_that_uses_it(model_dir: str, tmp_path: Path) -> None:
    plain = type("Plain", (PPO.trainer,), {"objective_class": Objective})
    with pytest.raises(TypeError, match="trains a CriticObjective, not Objective"):
        build(replace(PPO, trainer=plain), model_dir, str(tmp_path))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("value_coef", 0.0),
        ("value_clip_epsilon", -1.0),
        ("gae_gamma", 1.5),
        ("gae_lambda", -0.1),
        ("max_context_length", 0),
        ("loss_type", "cispo"),
        ("beta", -0.1),
        ("importance_sampling_level", "sequence"),
        ("delta", 2.0),
    ],
)
def test_settings_without_meaning_are_refused(setting: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=setting):
        PPO.config(str(tmp_path), use_cpu=True, bf16=False, **{setting: value})
