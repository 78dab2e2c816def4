"""VULPO's advantages against the specification row by row, and its trainer against TRL's."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from jurybox.judges.vulnerability import ROOT_CAUSE, RuleVulnerabilityJudge
from jurybox.rewards import separate, vulnerability_reward
from jurybox.trainers import VULPO, VULPOConfig, VULPOTrainer
from jurybox.trainers.objectives import consecutive_groups
from jurybox.trainers.papers.vulpo import labels_of, sample_weights, vulpo_advantages

G = 4
EOS = 1
Build = Callable[..., Any]


# The advantages.


def one_by_one(total: list[float], prediction: list[float], label: list[bool], how: str, **w: float) -> list[float]:
    """The specification with lists; NaN rows are left out."""
    found = []
    for first in range(0, len(total), G):
        rows = range(first, first + G)
        scored = [row for row in rows if not math.isnan(total[row])]
        p = fmean(prediction[row] > -0.1 for row in scored) if scored else math.nan
        mean = fmean(total[row] for row in scored) if scored else 0.0
        std = stdev(total[row] for row in scored) if len(scored) > 1 else math.nan
        for row in rows:
            weight = {"mask_saturated": float(0 < p < 1), "none": 1.0, "linear": 1 + w.get("lam", 1.0) * (1 - p)}[how]
            weight *= w.get("vulnerable", 1.0) if label[row] else w.get("patched", 1.0)
            scale = (std + 1e-4) if w.get("scaled") else 1.0
            value = (total[row] - mean) / scale * weight
            found.append(0.0 if math.isnan(value) else value)
    return found


def drawn(seed: int) -> tuple[list[float], list[float], list[bool]]:
    """Totals, predictions and labels of six groups, among them an all-right, an all-wrong and an unscored one."""
    rng = random.Random(seed)
    prediction = [rng.choice([0.4, -0.4]) for _ in range(6 * G)]
    prediction[:G], prediction[G : 2 * G] = [0.4] * G, [-0.4] * G
    total = [r + rng.choice([0.0, 0.1, 0.6, -0.2]) for r in prediction]
    for row in (2 * G + 1, *range(3 * G, 4 * G), 4 * G, 4 * G + 1, 4 * G + 2):
        total[row] = prediction[row] = math.nan
    return total, prediction, [group % 2 == 0 for group in range(6) for _ in range(G)]


@pytest.mark.parametrize("how", ["mask_saturated", "none", "linear"])
@pytest.mark.parametrize("scaled", [False, True])
def test_every_row_gets_what_the_specification_says(how: Any, scaled: bool) -> None:
    for seed in range(5):
        total, prediction, label = drawn(seed)
        result = vulpo_advantages(
            torch.tensor(total, dtype=torch.float64),
            torch.tensor(prediction, dtype=torch.float64),
            torch.tensor(label),
            consecutive_groups(len(total), G),
            sample_weight=how,
            lam=0.5,
            weight_vulnerable=2.0,
            weight_patched=0.5,
            scale="group" if scaled else "none",
        )
        expected = one_by_one(total, prediction, label, how, lam=0.5, vulnerable=2.0, patched=0.5, scaled=scaled)
        assert result.advantages.tolist() == pytest.approx(expected, abs=1e-12)


def test_the_worked_examples() -> None:
    total = torch.tensor([1.0, -0.4, 0.4, -0.6, 0.0, 0.0, -0.4, -0.4, 1.0, 0.8, 0.4, 0.6], dtype=torch.float64)
    prediction = torch.tensor([0.4, -0.4, 0.4, -0.4, 0.0, 0.0, -0.4, -0.4, 0.4, 0.4, 0.4, 0.4], dtype=torch.float64)
    labels = torch.tensor([True] * 4 + [False] * 4 + [True] * 4)
    result = vulpo_advantages(total, prediction, labels, consecutive_groups(12, G))
    assert result.correct_ratio[::G].tolist() == [0.5, 0.5, 1.0]
    expected = [0.9, -0.5, 0.3, -0.7, 0.2, 0.2, -0.2, -0.2, 0.0, 0.0, 0.0, 0.0]
    assert result.advantages.tolist() == pytest.approx(expected, abs=1e-12)


def test_what_is_not_the_prediction_does_not_move_the_mask() -> None:
    prediction = torch.tensor([0.4, 0.4, 0.4, 0.4, 0.0, -0.4, -0.4, -0.4])
    noise = torch.tensor([0.6, 0.0, 0.1, -0.2, 0.0, -0.2, 0.0, 0.0])
    labels = torch.tensor([True] * 4 + [False] * 4)
    result = vulpo_advantages(prediction + noise, prediction, labels, consecutive_groups(8, G))
    assert result.sample_weight.tolist() == [0.0] * 4 + [1.0] * 4
    assert not result.advantages[:4].any()
    # With the threshold of the symmetric table every patched group of the asymmetric one looks all wrong.
    wrong = vulpo_advantages(prediction + noise, prediction, labels, consecutive_groups(8, G), correct_threshold=0.1)
    assert not wrong.advantages.any()


def test_a_group_of_one_teaches_nothing() -> None:
    result = vulpo_advantages(torch.tensor([0.4]), torch.tensor([0.4]), torch.tensor([True]), torch.tensor([0]))
    assert (result.advantages.item(), result.correct_ratio.item()) == (0.0, 1.0)


def test_a_row_without_a_prediction_is_in_no_mean() -> None:
    total, prediction = torch.tensor([1.0, -0.4, 7.0]), torch.tensor([0.4, -0.4, math.nan])
    result = vulpo_advantages(total, prediction, torch.ones(3, dtype=torch.bool), torch.zeros(3, dtype=torch.long))
    torch.testing.assert_close(result.advantages, torch.tensor([0.7, -0.7, 0.0]))
    assert result.correct_ratio.tolist() == [0.5] * 3


@pytest.mark.parametrize(
    "wrong",
    [{"lam": -1.0}, {"weight_patched": math.nan}, {"weight_vulnerable": math.inf}, {"correct_threshold": math.nan},
     {"scale": "std"}, {"prediction": torch.ones(1)}, {"vulnerable": torch.ones(3, dtype=torch.bool)},
     {"total": torch.tensor([1.0, math.inf])}],
    ids=str,
)  # fmt: skip
def test_advantages_of_no_meaning_are_refused(wrong: dict[str, Any]) -> None:
    ones = torch.ones(2)
    given: dict[str, Any] = {"total": ones, "prediction": ones, "vulnerable": ones > 0, "group_ids": ones.long()}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        vulpo_advantages(**{**given, **wrong})


def test_weights_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="mask_saturated"):
        sample_weights(torch.ones(1), "hard")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'is_vulnerable'.*'yes'"):
        labels_of([True, 0, "yes"], "is_vulnerable")


# The settings.


def config(output: Path, **settings: Any) -> VULPOConfig:
    return VULPOConfig(str(output), use_cpu=True, bf16=False, report_to="none", **settings)


def test_the_settings_are_those_of_the_release(tmp_path: Path) -> None:
    settings = config(tmp_path)
    assert (settings.loss_type, settings.scale_rewards, settings.beta, settings.epsilon) == ("dapo", "none", 0.0, 0.2)
    assert (settings.num_generations, settings.generation_batch_size, settings.num_iterations) == (8, 32, 1)
    assert (settings.temperature, settings.top_p, settings.top_k, settings.max_grad_norm) == (0.6, 0.95, 20, 0.5)
    assert settings.get_warmup_steps(100) == 10
    gates = [config(tmp_path, preset=preset).correct_threshold for preset in ("asymmetric", "symmetric", "root_cause")]
    assert gates == [-0.1, 0.1, 0.0]
    assert config(tmp_path, correct_threshold=0.2).correct_threshold == 0.2


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "paper"},
        {"sample_weight": "hard"},
        {"sample_weight_lambda": -1.0},
        {"weight_vulnerable": math.nan},
        {"weight_patched": math.inf},
        {"multi_objective_aggregation": "normalize_then_sum"},
    ],
    ids=str,
)
def test_wrong_settings_fail_at_once(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        config(tmp_path, **wrong)


# The trainer.

TEXTS = ["<think>", "on", "no", "t"]


class Scripted(VULPO):
    """Four reports for every prompt: right, wrong, right by half and truncated."""

    def generate(self, chains: list[Any], policy: Any) -> None:
        for chain in chains:
            chain.add(TEXTS[chain.slot])
            if chain.slot < 3:
                chain.add([EOS])


class Grade:
    """Grades the four; fails on the first one where the row says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sample: Any) -> dict[str, str]:
        self.asked.append(sample.text)
        if sample["fails"] and sample.text == TEXTS[0]:
            raise ConnectionError("the grader is down")
        right = sample.text != TEXTS[1]
        grade = "CORRECT" if sample.text == TEXTS[0] else "PARTIALLY CORRECT"
        return {"prediction": "CORRECT" if right else "INCORRECT", "localization": grade, "reasoning": grade}


def rows(fails: str = "") -> Dataset:
    """Vulnerable e and o, patched t and n; grading fails on the letters in `fails`."""
    return Dataset.from_list(
        [{"prompt": f"say {c}", "letter": c, "is_vulnerable": c in "eo", "fails": c in fails} for c in "eotn"]
    )


SETTINGS: dict[str, Any] = {
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "loss_type": "dapo",
    "optim": "sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
    "learning_rate": 0.1,
}


def built(build: Build, reward: Any, **settings: Any) -> Any:
    return build(
        VULPOTrainer,
        config_class=VULPOConfig,
        reward_funcs=reward,
        **{**SETTINGS, "scale_rewards": "none", "train_dataset": rows(), **settings},
    )


def change(trainer: Any) -> float:
    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.train()
    return max((p - q).abs().max().item() for p, q in zip(trainer.model.parameters(), before, strict=True))


def test_a_trainer_needs_to_see_the_prediction(build: Build) -> None:
    def total(completions: list[str], **_: Any) -> list[float]:
        return [0.0] * len(completions)

    def form(completions: list[str], **_: Any) -> list[float]:
        return [0.0] * len(completions)

    with pytest.raises(ValueError, match=r"no reward function is called 'prediction': there are total, form"):
        built(build, [total, form])
    assert built(build, [total, form], prediction_reward="total").policy_objective.prediction(["total", "form"]) == 0
    assert built(build, total).policy_objective.prediction(["total"]) == 0
    with pytest.raises(ValueError, match="scheme=ROOT_CAUSE"):
        built(build, RuleVulnerabilityJudge(Grade(), end=EOS), preset="root_cause")
    judge = RuleVulnerabilityJudge(Grade(), ROOT_CAUSE, end=EOS)
    assert built(build, judge, preset="root_cause").reward_func_names == ["correctness", "format"]


@pytest.mark.slow
def test_a_judge_is_asked_once_and_its_failures_leave_whole_rows_out(build: Build) -> None:
    grade = Grade()
    seen: list[Any] = []

    class Seen(Scripted):
        def advantages(self, rollout: Any) -> Any:
            seen.append((rollout, super().advantages(rollout)))
            return seen[-1][1]

    trainer = built(
        build,
        RuleVulnerabilityJudge(grade, end=EOS),
        per_device_train_batch_size=16,
        max_steps=1,
        train_dataset=rows(fails="o"),
        trainer_options={"objective": Seen},
    )
    trainer.train()
    assert trainer.reward_func_names == ["prediction", "localization", "reasoning", "format"]
    assert sorted(grade.asked) == sorted(4 * TEXTS[:3])  # not four times, and no truncated report
    ((rollout, advantages),) = seen
    rewards = dict(zip(rollout.column("letter"), rollout.rewards.view(4, G, 4).repeat_interleave(G, 0), strict=True))
    assert torch.allclose(rewards["e"].sum(1), torch.tensor([0.8, -0.6, 0.5, -0.6]))  # no <think> in them: invalid
    assert torch.allclose(rewards["t"].sum(1), torch.tensor([-0.2, -0.6, -0.2, -0.6]))
    assert rewards["o"][0].isnan().all()
    assert not rewards["o"][1:].isnan().any()
    by_letter = dict(zip(rollout.column("letter"), advantages.view(4, G).repeat_interleave(G, 0), strict=True))
    assert torch.allclose(by_letter["e"], torch.tensor([0.775, -0.625, 0.475, -0.625]))
    mean = (-0.6 + 0.5 - 0.6) / 3
    assert torch.allclose(by_letter["o"], torch.tensor([0.0, -0.6 - mean, 0.5 - mean, -0.6 - mean]))
    log = trainer.state.log_history[0]
    assert log["vulpo/frac_saturated"] == 0.0
    assert log["vulpo/vulnerable/correct"] == pytest.approx(3 / 7)
    assert log["vulpo/patched/reward"] == pytest.approx(-0.4)
    assert log["prediction/passed"] == pytest.approx(7 / 15)
    assert log["vulnerability/abstained"] == pytest.approx(1 / 16)


def by_completion(completions: list[str], **_: Any) -> list[float]:
    """0 or 1, by the length of the text; some groups are all alike."""
    return [float(len(text) % 2) for text in completions]


@pytest.mark.slow
def test_without_weights_it_is_trls_grpo(build: Build) -> None:
    ours = built(build, by_completion, sample_weight="none")
    assert change(ours) > 1e-4
    trls = build(  # after that training: a trainer begins by setting the seed
        GRPOTrainer,
        config_class=GRPOConfig,
        reward_funcs=by_completion,
        train_dataset=rows(),
        **{**SETTINGS, "scale_rewards": "none", "beta": 0.0, "max_grad_norm": 0.5},
    )
    assert change(trls) > 1e-4
    for p, q in zip(ours.model.parameters(), trls.model.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-6, rtol=0)
    losses = [[row["loss"] for row in t.state.log_history if "loss" in row] for t in (ours, trls)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [-0.5, 1.5])
def test_groups_that_are_all_right_or_all_wrong_have_no_gradient(build: Build, threshold: float) -> None:
    """The rewards differ inside the groups, the predictions do not."""
    trainer = built(build, by_completion, correct_threshold=threshold)
    assert change(trainer) == 0.0
    log = trainer.state.log_history[0]
    assert (log["grad_norm"], log["vulpo/frac_saturated"]) == (0.0, 1.0)
    assert log["reward_std"] > 0


@pytest.mark.slow
def test_four_functions_train_as_the_judge_does(build: Build) -> None:
    judge = RuleVulnerabilityJudge(Grade(), end=EOS)
    options = {"objective": Scripted}
    trainers = [
        built(build, judge, trainer_options=options),
        built(build, separate(vulnerability_reward(judge)), trainer_options=options),
    ]
    for trainer in trainers:
        assert change(trainer) > 1e-4
    for p, q in zip(*(trainer.model.parameters() for trainer in trainers), strict=True):
        torch.testing.assert_close(p, q, atol=1e-7, rtol=0)
