"""CGPO on the seam: labels, strata, baselines, and the derivative that each row is handed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig
from torch import Tensor

from jurybox.judges import LengthJudge, judge
from jurybox.rewards import Function
from jurybox.trainers import Rollout
from jurybox.trainers.papers.cgpo import (
    CGPO,
    CGPOConfig,
    CRPGConfig,
    CRPGTrainer,
    CRRAFTConfig,
    CRRAFTTrainer,
    Stratum,
    codpo_loss,
    crpg,
    crraft_loss,
)
from jurybox.trainers.papers.cgpo.stratum import filled_strata

Build = Callable[..., Any]


@judge
def vowel(completion: str) -> bool | None:
    """Satisfied by an e, violated by an o; nobody knows otherwise."""
    return True if "e" in completion else False if "o" in completion else None


def length(completions: list[str], **_: Any) -> list[float]:
    return [float(len(text)) for text in completions]


@judge
def short(completion: str) -> bool:
    return len(completion) <= 3


asked: list[str] = []


def counted(completions: list[str], **_: Any) -> list[float]:
    asked.extend(completions)
    return [float(len(text)) for text in completions]


def config(**settings: Any) -> CGPOConfig:
    return CGPOConfig("unused", use_cpu=True, bf16=False, report_to="none", **settings)


def objective(strata: dict[str, Stratum] | None = None, judges: Any = (), **settings: Any) -> CGPO:
    args = config(**settings)
    return CGPO(args, filled_strata(strata, judges, Function(length), args))


def rollout(texts: list[str], tasks: list[str] | None = None, group: int = 4, **changes: Any) -> Rollout:
    """One process's generation: log-ratios 0, 1, 2, … tokens long as the text; the baseline answer is "ee"."""
    n = len(texts)
    rows = [{"prompt": f"say {i // group}", "baseline": "ee", "task": tasks[i] if tasks else "a"} for i in range(n)]
    mask = torch.tensor([[t < max(len(text), 0) for t in range(6)] for text in texts]).long()
    fields: dict[str, Any] = {
        "rewards": torch.tensor(length(texts)).unsqueeze(1),
        "reward_names": ("length",),
        "weights": torch.ones(1),
        "trl_advantages": torch.zeros(n),
        "mask": mask,
        "prompt_ids": torch.ones(n, 2, dtype=torch.long),
        "prompt_mask": torch.ones(n, 2, dtype=torch.long),
        "completion_mask": mask,
        "model": None,
        "completion_ids": torch.zeros(n, 6, dtype=torch.long),
        "old_logps": -torch.ones(n, 6) * mask,
        "ref_logps": -1.1 * torch.ones(n, 6) * mask,
        "rows": rows,
        "prompts": [row["prompt"] for row in rows],
        "completions": texts,
        "first_row": 0,
        "num_generations": group,
        "training": True,
        "step": 0,
        "max_steps": 1,
        "gather_tensor": lambda values: values,
        "gather_list": lambda values: values,
    }
    return Rollout(**fields | changes)


def slopes(made: CGPO, drawn: Rollout) -> tuple[Tensor, float]:
    """−N ∂L/∂ log π of each row, and the loss."""
    found = made.advantages(drawn)
    return found["advantages"], found["objective"][0].item()


TEXTS = ["eee", "o", "ee", "ooo", "e", "oo", "xx", "eeee"]


def test_crpg_hands_on_its_advantages() -> None:
    drawn = rollout(TEXTS)
    given, loss = slopes(objective(judges=vowel, kl_max=2.0), drawn)
    lengths = drawn.mask.sum(-1).float()
    expected = crpg(
        drawn.rewards[:, 0],
        torch.full((8,), 2.0),
        torch.tensor([1, 0, 1, 0, 1, 0, math.nan, 1]),
        -lengths,
        -1.1 * lengths,
        kl_max=2.0,
    )
    torch.testing.assert_close(given, expected.advantages * 8 / 7)
    assert loss == pytest.approx((-(expected.advantages * -lengths).sum() / 7).item())


def test_codpo_and_crraft_hand_on_the_derivatives_of_their_losses() -> None:
    drawn = rollout(TEXTS)
    lengths = drawn.mask.sum(-1).float()
    logps = (-lengths).requires_grad_()
    ref = -1.1 * lengths
    good, bad = torch.tensor([0, 7]), torch.tensor([1, 5])
    pair = codpo_loss(logps[good], logps[bad], ref[good], ref[bad], lengths[good], torch.ones(2), beta=0.1, lam=0.1)
    (slope,) = torch.autograd.grad(pair.loss, logps)
    given, loss = slopes(objective(judges=vowel, optimizer="codpo"), drawn)
    torch.testing.assert_close(given, -8 * slope)
    assert loss == pytest.approx(pair.loss.item())

    imitation = crraft_loss(logps[good], torch.sigmoid(lengths[good] - 2.0))
    (slope,) = torch.autograd.grad(imitation, logps)
    given, loss = slopes(objective(judges=vowel, optimizer="crraft", baseline_fallback=False), drawn)
    torch.testing.assert_close(given, -8 * slope)
    assert loss == pytest.approx(imitation.item())


def two_tasks(rho: float = 1.0) -> dict[str, Stratum]:
    return {
        "a": Stratum(judges=[vowel, short], k=2, kl_max=1.0),
        "b": Stratum(optimizer="codpo", judges=vowel, k=4, rho=rho),
    }


def test_strata_have_their_own_judges_optimizers_and_numbers_of_answers() -> None:
    drawn = rollout(TEXTS, tasks=["a"] * 4 + ["b"] * 4)
    given, loss = slopes(objective(two_tasks()), drawn)
    assert (given[2:4] == 0).all(), "answers beyond the first K count for nothing"
    assert (given[:2] != 0).all()
    assert given[[5, 7]].tolist()[1] > 0 > given[5]
    assert drawn.metrics["a/vowel/violated"] == 0.5
    assert drawn.metrics["a/short/violated"] == 0.0
    assert loss == pytest.approx(drawn.metrics["a/loss"] + drawn.metrics["b/loss"], abs=1e-6)


def test_weight_zero_leaves_a_stratum_out() -> None:
    tasks = ["a"] * 4 + ["b"] * 4
    full, _ = slopes(objective(two_tasks()), rollout(TEXTS, tasks))
    without, _ = slopes(objective(two_tasks(rho=0.0)), rollout(TEXTS, tasks))
    assert not without[4:].any()
    torch.testing.assert_close(without[:4], full[:4])


def test_only_answers_that_count_are_judged() -> None:
    seen: list[str] = []

    @judge
    def watched(completion: str) -> bool:
        seen.append(completion)
        return True

    slopes(objective(judges=watched, optimizer="codpo"), rollout(TEXTS))
    assert sorted(seen) == sorted(TEXTS)
    seen.clear()
    strata = {"a": Stratum(judges=watched, k=1), "b": Stratum(judges=watched, k=2)}
    slopes(objective(strata), rollout(TEXTS, ["a"] * 4 + ["b"] * 4))
    assert sorted(seen) == sorted([TEXTS[0], *TEXTS[4:6]])


def test_judges_may_read_token_ids() -> None:
    drawn = rollout(TEXTS)
    slopes(objective(judges=LengthJudge(2, unit="tokens")), drawn)
    assert drawn.metrics["cgpo/length/violated"] == 3 / 8


@pytest.mark.parametrize("optimizer", ["crpg", "codpo", "crraft"])
@pytest.mark.parametrize(
    "texts", [["o"] * 8, ["x"] * 8, [""] * 8, ["e"] * 8], ids=["violated", "unknown", "empty", "equal"]
)
def test_nothing_to_learn_is_no_gradient_and_no_nan(optimizer: str, texts: list[str]) -> None:
    given, loss = slopes(objective(judges=vowel, optimizer=optimizer, baseline_fallback=False), rollout(texts))
    assert math.isfinite(loss)
    assert torch.isfinite(given).all()
    if texts[0] != "e" or optimizer == "codpo":
        assert not given.any()


def test_one_answer_a_prompt_is_enough_for_crpg_and_none_for_codpo() -> None:
    drawn = rollout(TEXTS, group=1)
    assert slopes(objective(judges=vowel, num_generations=2), drawn)[0].any()
    assert not slopes(objective(judges=vowel, optimizer="codpo", num_generations=2), rollout(TEXTS, group=1))[0].any()


def test_baseline_answers_are_scored_once() -> None:
    asked.clear()
    args = config()
    made = CGPO(args, filled_strata(None, vowel, counted, args))
    for _ in range(3):
        made.advantages(rollout(TEXTS))
    assert asked == ["ee", "ee"]  # one for each of two prompts


def test_a_missing_baseline_reward_leaves_the_prompt_out() -> None:
    drawn = rollout(TEXTS)
    for row in drawn.rows[:4]:
        row["baseline"] = None  # type: ignore[index]
    given, _ = slopes(objective(judges=vowel), drawn)
    assert not given[:4].any()
    assert given[4:].any()


def test_who_said_no_is_logged() -> None:
    drawn = rollout(TEXTS)
    slopes(objective(judges=[vowel, short]), drawn)
    assert drawn.metrics["cgpo/vowel/violated"] == pytest.approx(3 / 7)
    assert drawn.metrics["cgpo/vowel/abstained"] == pytest.approx(1 / 8)
    assert drawn.metrics["cgpo/short/violated"] == pytest.approx(1 / 8)
    assert drawn.metrics["cgpo/violated"] == pytest.approx(4 / 7)
    assert drawn.metrics["cgpo/kl"] == pytest.approx(0.1 * drawn.mask.sum().item() / 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta": 0.1}, "keep beta=0"),
        ({"num_iterations": 2}, "CGPO is on-policy"),
        ({"steps_per_generation": 2}, "CGPO is on-policy"),
        ({"kl_max": 0.0}, "kl_max must be a positive number"),
        ({"denominator": "half"}, "denominator must be"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        objective(**settings)


def test_strata_are_checked_when_they_are_built() -> None:
    with pytest.raises(ValueError, match="k=9 answers per prompt, of which only 4 are drawn"):
        objective({"a": Stratum(k=9)})
    with pytest.raises(ValueError, match="only 3 are drawn"):
        objective({"a": Stratum(optimizer="crraft", k=4)})
    with pytest.raises(ValueError, match="give judges to the strata"):
        objective({"a": Stratum()}, judges=vowel)
    with pytest.raises(ValueError, match="needs the trainer's reward_funcs"):
        filled_strata({"a": Stratum()}, (), None, config())
    with pytest.raises(ValueError, match="compose them"):
        filled_strata(None, (), [length, length], config())
    with pytest.raises(ValueError, match="optimizer must be one of"):
        Stratum(optimizer="ppo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'task' is 'c'; there are strata for a, b"):
        objective(two_tasks()).advantages(rollout(TEXTS, ["c"] * 8))


# With a trainer.


def letters(with_baseline: bool = True) -> Dataset:
    rows = [{"prompt": f"say {c}", "letter": c, **({"baseline": "tete"} if with_baseline else {})} for c in "eotn"]
    return Dataset.from_list(rows * 4)


def trained(build: Build, trainer_class: type = CRPGTrainer, config_class: type = CRPGConfig, **settings: Any) -> Any:
    options = {"judges": [vowel]} | settings.pop("trainer_options", {})
    settings = {"reward_funcs": length, "train_dataset": letters()} | settings
    trainer = build(trainer_class, config_class=config_class, trainer_options=options, **settings)
    trainer.train()
    return trainer


def test_it_trains_and_logs(build: Build) -> None:
    trainer = trained(build, gradient_accumulation_steps=2, per_device_train_batch_size=4)
    log = trainer.state.log_history[0]
    assert {"cgpo/violated", "cgpo/vowel/violated", "cgpo/kl", "cgpo/regularized"} <= log.keys()
    assert log["loss"] == pytest.approx(log["cgpo/loss"], abs=1e-4), "the loss in the log is the paper's"


def test_gradient_accumulation_changes_nothing(build: Build) -> None:
    def weights(**sizes: int) -> Tensor:
        torch.manual_seed(0)
        trainer = trained(build, max_steps=1, optim="sgd", learning_rate=0.1, **sizes)
        return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])

    whole = weights(per_device_train_batch_size=8)
    parts = weights(per_device_train_batch_size=2, gradient_accumulation_steps=4)
    torch.testing.assert_close(whole, parts, atol=1e-6, rtol=0)


def test_the_reference_of_an_adapter_is_the_model_without_it(build: Build) -> None:
    trainer = trained(
        build, trainer_options={"judges": short, "peft_config": LoraConfig(target_modules=["q_proj", "v_proj"])}
    )
    assert trainer.ref_model is None
    assert abs(trainer.state.log_history[0]["cgpo/kl"]) < 1e-6
    assert abs(trainer.state.log_history[1]["cgpo/kl"]) > 1e-7


def test_missing_baselines_are_drawn_once_before_training(build: Build) -> None:
    trainer = trained(build, train_dataset=letters(with_baseline=False))
    drawn = dict(zip(trainer.train_dataset["prompt"], trainer.train_dataset["baseline"], strict=True))
    assert len(drawn) == 4
    assert all(
        drawn[prompt] == answer
        for prompt, answer in zip(trainer.train_dataset["prompt"], trainer.train_dataset["baseline"], strict=True)
    )


def test_crraft_imitates_the_baseline_answer_where_nothing_else_survives(build: Build) -> None:
    @judge
    def only_baseline(completion: str) -> bool:
        return completion == "tete"

    trainer = trained(
        build,
        CRRAFTTrainer,
        CRRAFTConfig,
        trainer_options={"judges": only_baseline},
        max_steps=10,
        learning_rate=3e-2,
    )
    logs = [row for row in trainer.state.log_history if "cgpo/loss" in row]
    assert logs[0]["cgpo/baseline_used"] == 1.0
    assert logs[-1]["cgpo/loss"] < 0.5 * logs[0]["cgpo/loss"]


@pytest.mark.slow
def test_a_judge_raises_the_share_of_satisfied_answers(build: Build) -> None:
    def violated(judges: Any) -> float:
        torch.manual_seed(0)
        options = {"judges": judges}
        trainer = trained(build, max_steps=30, learning_rate=2e-2, trainer_options=options, kl_max=50.0)
        texts = list(trainer._logs["completion"])[-32:]
        return sum(len(text) > 3 for text in texts) / len(texts)

    assert violated(short) <= violated(()) - 0.3


@pytest.mark.slow
def test_evaluation_before_training_draws_the_missing_baselines(build: Build) -> None:
    trainer = build(
        CRPGTrainer,
        config_class=CRPGConfig,
        reward_funcs=length,
        train_dataset=letters(with_baseline=False),
        trainer_options={"judges": vowel},
    )
    trainer.eval_dataset = letters(with_baseline=False)
    assert math.isfinite(trainer.evaluate()["eval_reward"])
    assert math.isfinite(trainer.evaluate(letters(with_baseline=False))["eval_reward"])
    assert "baseline" in trainer.eval_dataset.column_names


@pytest.mark.slow
def test_the_log_measures_the_policy_and_not_the_baseline_answer(build: Build) -> None:
    @judge
    def is_baseline(completion: str) -> float:
        return float(completion == "tete")

    trainer = build(
        CRRAFTTrainer,
        config_class=CRRAFTConfig,
        reward_funcs=is_baseline,
        max_steps=1,
        train_dataset=letters(),
        trainer_options={"judges": vowel},
    )
    trainer.train()
    log = trainer.state.log_history[0]
    assert log["reward"] == log["rewards/is_baseline/mean"] == log["reward_std"] == 0.0
    assert trainer.evaluate(letters())["eval_reward"] == 0.0
