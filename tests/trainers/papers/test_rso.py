"""RSO's losses against independent forms, its config, and its trainer against TRL's own and against the functions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from seam_tiny import count_letter, tiny_tokenizer
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from jurybox.benchmarks.experiment import Setting
from jurybox.benchmarks.papers.rso.policy import run
from jurybox.benchmarks.playground import character_tokenizer, tiny_policy
from jurybox.judges import LengthJudge
from jurybox.rewards import Function, ModelGenerator, preferences
from jurybox.trainers import RSOConfig, RSOTrainer
from jurybox.trainers.papers.rso import rso_loss, slic_loss

LOGPS = torch.tensor(
    [
        [-10.0, -40.0, -3.0, -900.0],
        [-12.0, -5.0, -3.0, -100.0],
        [-11.0, -20.0, -3.0, -100.0],
        [-11.5, -9.0, -3.0, -100.0],
    ],
    dtype=torch.float64,
)  # chosen and rejected of the policy, then of the SFT policy
PAIRS = Dataset.from_list(
    [
        {"prompt": f"say {c}", "chosen": c * (2 + place % 3), "rejected": "t" * (1 + place % 4) + "n"}
        for place, c in enumerate("eoeoteno")
    ]
)


def by_hand(w: float, l: float, w_sft: float, l_sft: float, loss: str, gamma: float) -> float:  # noqa: E741
    margin = gamma * (w - l if loss == "hinge" else (w - w_sft) - (l - l_sft))
    if loss == "sigmoid_norm":
        return math.log1p(math.exp(-margin))
    return max(0.0, 1 - margin)


@pytest.mark.parametrize("gamma", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("loss", ["sigmoid_norm", "hinge_norm", "hinge"])
def test_losses_equal_an_independent_form(loss: Any, gamma: float) -> None:
    got = rso_loss(*LOGPS, loss=loss, gamma=gamma).tolist()
    wanted = [by_hand(*row, loss, gamma) for row in LOGPS.T.tolist()]
    assert got == pytest.approx(wanted, abs=1e-9)


def test_worked_example() -> None:
    margins, zero = torch.tensor([10.0, 30.0], dtype=torch.float64, requires_grad=True), torch.zeros(2)
    sigmoid = rso_loss(margins, zero, zero, zero, loss="sigmoid_norm")
    hinge = rso_loss(margins, zero, zero, zero, loss="hinge_norm")
    assert sigmoid.tolist() == pytest.approx([0.4740769841801067, 0.2014132779827524], abs=1e-12)
    assert hinge.tolist() == pytest.approx([0.5, 0.0], abs=1e-12)
    (slope,) = torch.autograd.grad(hinge.sum(), margins)
    assert slope.tolist() == [-0.05, 0.0]  # beyond the margin exactly none


def test_hinge_is_slic_divided_by_its_margin() -> None:
    gamma = 0.05
    slic = slic_loss(LOGPS[0], LOGPS[1], LOGPS[2], delta=1 / gamma)
    torch.testing.assert_close(rso_loss(*LOGPS, loss="hinge", gamma=gamma), gamma * slic)


def test_a_constant_of_the_prompt_changes_nothing() -> None:
    for loss in ("sigmoid_norm", "hinge_norm", "hinge"):
        shifted = LOGPS + torch.tensor([[3.0], [3.0], [-7.0], [-7.0]])
        torch.testing.assert_close(rso_loss(*shifted, loss=loss), rso_loss(*LOGPS, loss=loss))  # type: ignore[arg-type]


def test_a_hopeless_pair_has_a_finite_loss() -> None:
    far = torch.tensor([-1e6], dtype=torch.float32, requires_grad=True)
    loss = rso_loss(far, torch.zeros(1), torch.zeros(1), torch.zeros(1))
    loss.backward()
    assert loss.item() == pytest.approx(5e4)
    assert far.grad is not None
    assert far.grad.item() == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (rso_loss, {"gamma": 0.0}, "gamma=0.0"),
        (rso_loss, {"gamma": math.nan}, "gamma=nan"),
        (rso_loss, {"loss": "sigmoid"}, "loss='sigmoid'"),
        (slic_loss, {"delta": 0.0}, "delta=0.0"),
        (slic_loss, {"delta": 1.0, "reg_weight": -0.1}, "reg_weight=-0.1"),
    ],
)
def test_what_the_functions_refuse(function: Any, arguments: dict[str, Any], message: str) -> None:
    logps = LOGPS[:3] if function is slic_loss else LOGPS
    with pytest.raises(ValueError, match=message):
        function(*logps, **arguments)


def test_broken_log_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="policy_rejected_logps is of 2 pairs, policy_chosen_logps of 4"):
        rso_loss(LOGPS[0], LOGPS[1][:2], LOGPS[2], LOGPS[3])
    with pytest.raises(ValueError, match="policy_chosen_logps has a number that is not finite"):
        rso_loss(LOGPS[0] * math.nan, *LOGPS[1:])


def test_only_the_hinge_does_without_the_sft_policy() -> None:
    assert torch.equal(rso_loss(*LOGPS[:2], loss="hinge"), rso_loss(*LOGPS, loss="hinge"))
    with pytest.raises(ValueError, match="sft_rejected_logps is missing"):
        rso_loss(*LOGPS[:3], loss="hinge_norm")


def config(out: Any = "unused", **settings: Any) -> RSOConfig:
    return RSOConfig(str(out), use_cpu=True, bf16=False, report_to="none", **settings)


def test_the_config_says_in_trls_words_what_the_paper_says() -> None:
    assert (config().loss_type, config().beta, config().optim, config().learning_rate) == (
        ["sigmoid"], 0.05, "adafactor", 1e-5,
    )  # fmt: skip
    assert config(loss="hinge_norm", gamma=0.5).loss_type == ["hinge"]
    assert config(loss="hinge_norm", gamma=0.5).beta == 0.5
    assert config(loss="hinge", gamma=0.5).delta == 2.0
    config(loss="slic", beta=0.05, loss_type=["sigmoid"], delta=20.0)  # a config made from its own fields


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "sigmoid"}, "loss='sigmoid': give 'sigmoid_norm', "),
        ({"gamma": -1.0}, "gamma=-1.0"),
        ({"beta": 0.1}, "beta=0.1: RSO's gamma says"),
        ({"loss_type": ["sigmoid_norm"]}, r"loss_type=\['sigmoid_norm'\]: RSO's loss says"),
        ({"loss": "slic", "delta": -1.0}, "delta=-1.0"),
        ({"reg_weight": 0.1}, "reg_weight is a part of loss='slic', not of 'sigmoid_norm'"),
    ],
)
def test_what_the_config_refuses(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**settings)


def test_better_pairs_help_a_policy_that_cannot_follow_the_reward() -> None:
    better = 0
    for seed in range(8):
        sft, rso = (run(Setting(arm, seed, 100, lambda step, worth: None)) for arm in ("sft", "rso"))
        better += rso.final["log_loss"] < sft.final["log_loss"] and rso.final["kl"] < sft.final["kl"]
    assert better >= 6


# Through the trainer.

SETTINGS: dict[str, Any] = {
    "per_device_train_batch_size": 8,
    "max_steps": 2,
    "learning_rate": 0.05,
    "lr_scheduler_type": "constant",
    "optim": "sgd",
    "logging_steps": 1,
    "gradient_checkpointing": False,
    "save_strategy": "no",
    "disable_tqdm": True,
}


def trained(kind: type, args: DPOConfig, model_dir: str) -> Any:
    torch.manual_seed(0)
    trainer = kind(model_dir, args=args, train_dataset=PAIRS, processing_class=tiny_tokenizer())
    trainer.train()
    return trainer


def weights(trainer: Any) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "named"), [("sigmoid_norm", "sigmoid"), ("hinge_norm", "hinge")])
def test_losses_with_a_reference_are_trls(loss: str, named: str, model_dir: str, tmp_path: Path) -> None:
    theirs = DPOConfig(
        str(tmp_path / "a"), loss_type=[named], beta=0.05, use_cpu=True, bf16=False, report_to="none", **SETTINGS
    )
    ours = config(tmp_path / "b", loss=loss, **SETTINGS)
    torch.testing.assert_close(
        weights(trained(RSOTrainer, ours, model_dir)), weights(trained(DPOTrainer, theirs, model_dir)), atol=0, rtol=0
    )


def sequence_logps(model: Any, texts: list[tuple[str, str]]) -> Tensor:
    """log π(completion | prompt), one at a time, with the end of sequence."""
    tokenizer, logps = tiny_tokenizer(), []
    for prompt, completion in texts:
        start = tokenizer(prompt)["input_ids"]
        ids = torch.tensor([[*start, *tokenizer(completion)["input_ids"], tokenizer.eos_token_id]])
        steps = model(input_ids=ids).logits[0, :-1].log_softmax(-1).gather(-1, ids[0, 1:, None])
        logps.append(steps[len(start) - 1 :].sum())
    return torch.stack(logps).detach()


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["sigmoid_norm", "hinge_norm", "hinge", "slic"])
def test_the_trainer_logs_the_loss_of_the_functions(loss: Any, model_dir: str, tmp_path: Path) -> None:
    """Of the second step, where policy and reference differ."""
    more = {"delta": 3.0, "reg_weight": 0.1} if loss == "slic" else {}
    trainer = trained(
        RSOTrainer, config(tmp_path, loss=loss, gamma=0.2, **more, **(SETTINGS | {"max_steps": 1})), model_dir
    )
    trainer.model.eval()
    chosen, rejected = ([(row["prompt"], row[name]) for row in PAIRS] for name in ("chosen", "rejected"))
    w, l = (sequence_logps(trainer.model, texts) for texts in (chosen, rejected))  # noqa: E741
    w_sft, l_sft = (sequence_logps(trainer.ref_model, texts) for texts in (chosen, rejected))
    assert not torch.allclose(w, w_sft)
    two = trained(RSOTrainer, config(tmp_path, loss=loss, gamma=0.2, **more, **SETTINGS), model_dir)
    logged = [row["loss"] for row in two.state.log_history if "loss" in row]
    wanted = (
        slic_loss(w, l, w, delta=3.0, reg_weight=0.1)
        if loss == "slic"
        else rso_loss(w, l, w_sft, l_sft, loss=loss, gamma=0.2)
    )
    assert logged[1] == pytest.approx(wanted.mean().item(), abs=1e-4)
    assert logged[1] < logged[0]


@pytest.mark.slow
def test_what_judges_prefer_is_trained_on_as_it_is(model_dir: str, tmp_path: Path) -> None:
    """Sampled from the model, judged, paired by rejection sampling, and into the trainer with all of its columns."""
    generate = ModelGenerator(model_dir, max_new_tokens=6, temperature=1.0)
    rows = [{"prompt": f"say {c}", "letter": c} for c in "eotn" * 2]
    reward = Function(count_letter) - 0.1 * LengthJudge(40, cosine=True, unit="characters")
    pairs = preferences(rows, reward, generate=generate, k=16, select="rso", keep=4, output=tmp_path / "pairs")
    assert len(pairs) > 0
    trainer = RSOTrainer(
        model_dir, args=config(tmp_path / "run", **SETTINGS), train_dataset=pairs, processing_class=tiny_tokenizer()
    )
    trainer.train()
    assert trainer.state.global_step == 2


@pytest.mark.slow
def test_hinge_norm_learns_letters_from_pairs(tmp_path: Path) -> None:
    """The tiny task of DPO: repeated letters a-h are preferred to repeated letters s-z."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)

    def word(first: str) -> str:
        letter = ord(first) + int(torch.randint(8, (), generator=generator))
        return chr(letter) * int(torch.randint(2, 6, (), generator=generator))

    pairs = Dataset.from_list([{"prompt": "say:", "chosen": word("a"), "rejected": word("s")} for _ in range(128)])
    tokenizer = character_tokenizer()
    model, reference = (tiny_policy(tokenizer, seed=0, hidden=32, layers=2, heads=2, mlp=64) for _ in range(2))
    settings = {
        **SETTINGS,
        "per_device_train_batch_size": 16,
        "max_steps": 40,
        "learning_rate": 1e-3,
        "logging_steps": 10,
        "optim": "adamw_torch",
    }
    trainer = RSOTrainer(
        model,
        reference,
        config(tmp_path, loss="hinge_norm", **settings),
        train_dataset=pairs,
        processing_class=tokenizer,
    )
    trainer.train()
    logs = [row for row in trainer.state.log_history if "loss" in row]
    losses = [row["loss"] for row in logs]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.75
    assert logs[-1]["rewards/accuracies"] >= 0.9
