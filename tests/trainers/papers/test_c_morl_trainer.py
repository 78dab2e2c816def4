"""C-MORL on TRL: the two stages against GRPO and against their formulas, and a front of adapters on disk."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM

from jurybox.judges import judge
from jurybox.rewards import as_reward
from jurybox.trainers import CMORLConfig, CMORLTrainer, ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.papers.c_morl import AdapterFront, FrontSearch, discover_front
from jurybox.trainers.papers.c_morl.trainer import parts_of, values_of

PARENT = [0.5, 2.0]


def weights(trainer: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def vowels_per_letter(completions: list[str], **_: Any) -> list[float]:
    return [sum(c in "aeiou" for c in text) / max(1, len(text)) for text in completions]


def letters(completions: list[str], **_: Any) -> list[float]:
    return [float(len(text)) for text in completions]


FUNCTIONS = [vowels_per_letter, letters]


def trained(
    build: Callable[..., Any], trainer: type = CMORLTrainer, config: type = CMORLConfig, **settings: Any
) -> Any:
    built = build(trainer, config_class=config, reward_funcs=FUNCTIONS, optim="sgd", **settings)
    built.train()
    return built


@pytest.mark.slow
def test_a_preference_is_grpo_with_these_weights_and_without_a_barrier_an_extension_is_one_reward(
    build: Callable[..., Any],
) -> None:
    def grpo(reward_weights: list[float]) -> torch.Tensor:
        return weights(trained(build, ObjectiveTrainer, ObjectiveConfig, reward_weights=reward_weights))

    torch.testing.assert_close(weights(trained(build, preference=[0.25, 0.75])), grpo([0.25, 0.75]))
    free = trained(build, objective=1, parent_value=PARENT, barrier_t=math.inf)
    torch.testing.assert_close(weights(free), grpo([0.0, 1.0]))


@pytest.mark.slow
def test_an_extension_weighs_by_the_slack_of_the_running_mean(build: Callable[..., Any]) -> None:
    trainer = trained(build, objective=1, parent_value=PARENT, mean_weight=0.25)
    J = PARENT[0]
    for log in [log for log in trainer.state.log_history if "loss" in log]:
        J = 0.75 * J + 0.25 * log["rewards/vowels_per_letter/mean"]
        slack = J - 0.9 * PARENT[0]
        assert log["c_morl/vowels_per_letter/value"] == pytest.approx(J, rel=1e-5)
        assert log["c_morl/vowels_per_letter/weight"] == pytest.approx(1 / (20 * max(slack, 1e-3)), rel=1e-3)
        assert log["reward"] == pytest.approx(log["rewards/letters/mean"])
    assert trainer.policy_objective.states["objective_values"].values[0] == pytest.approx(J, rel=1e-5)


@pytest.mark.slow
def test_the_loss_form_adds_the_log_barrier(build: Callable[..., Any]) -> None:
    trainer = trained(build, objective=0, parent_value=[0.5, 0.1], form="loss")
    logs = [log for log in trainer.state.log_history if "loss" in log]
    assert len(logs) == 2
    for log in logs:  # on policy every ratio is 1
        slack = log["rewards/letters/mean"] - 0.09
        assert log["c_morl/barrier"] == pytest.approx(-math.log(slack) / 20, rel=1e-4)


def test_a_sum_is_seen_part_by_part() -> None:
    @judge
    def first(completion: str) -> float:
        return 1.0

    @judge
    def second(completion: str) -> float:
        return 0.0

    assert [part.__name__ for part in parts_of(0.3 * as_reward(first) + 0.7 * as_reward(second))] == ["first", "second"]
    assert parts_of(letters) == [letters]
    assert parts_of([letters, vowels_per_letter]) == [letters, vowels_per_letter]


def test_values_are_means_over_what_was_scored() -> None:
    nan = math.nan
    values = values_of(torch.tensor([[1.0, nan, nan], [0.0, 2.0, nan], [1.0, nan, nan], [0.0, nan, nan]]).double())
    assert values.mean[:2].tolist() == pytest.approx([0.5, 2.0])
    assert np.isnan(values.mean[2])
    assert values.standard_error[0] == pytest.approx(np.std([1, 0, 1, 0], ddof=1) / 2)
    assert np.isnan(values.standard_error[1])  # of one number


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": 0}, "both objective and parent_value"),
        ({"parent_value": [1.0, 2.0]}, "both objective and parent_value"),
        ({"objective": 0, "parent_value": [1.0, 2.0], "preference": [0.5, 0.5]}, "not both"),
        ({"objective": 2, "parent_value": [1.0, 2.0]}, "objective=2"),
        ({"objective": 0, "parent_value": [1.0, math.nan]}, "parent_value must be finite"),
        ({"preference": [0.5, 0.6]}, "sum to 1"),
        ({"form": "both"}, "form"),
        ({"ratio": "max"}, "ratio"),
        ({"beta_constraint": 1.5}, "beta_constraint"),
        ({"barrier_t": 0.0}, "t=0.0"),
        ({"reward_weights": [1.0, 2.0]}, "reward_weights"),
        ({"multi_objective_aggregation": "normalize_then_sum"}, "multi_objective_aggregation"),
    ],
)
def test_settings_without_meaning(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        CMORLConfig(str(tmp_path), use_cpu=True, bf16=False, **settings)


def test_as_many_numbers_as_rewards(build: Callable[..., Any]) -> None:
    for settings in ({"preference": [1.0]}, {"objective": 0, "parent_value": [1.0] * 3}):
        with pytest.raises(ValueError, match="for 2 reward functions"):
            build(CMORLTrainer, config_class=CMORLConfig, reward_funcs=FUNCTIONS, **settings)


@pytest.mark.slow
def test_a_front_of_adapters_is_found_saved_and_loaded(model_dir: str, tmp_path: Path) -> None:
    from seam_tiny import END_EARLY, letter_dataset, tiny_tokenizer

    args = CMORLConfig(
        str(tmp_path / "runs"),
        use_cpu=True,
        bf16=False,
        report_to="none",
        per_device_train_batch_size=8,
        per_device_eval_batch_size=8,
        num_generations=4,
        max_completion_length=8,
        learning_rate=0.05,
        lr_scheduler_type="constant",
        disable_tqdm=True,
        generation_kwargs=END_EARLY,
    )
    search = FrontSearch([-1.0, -1.0], stage_one_steps=2, extension_steps=8, delta=1.0, chunk_steps=2, archive_every=1)
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    data: Dataset = letter_dataset(4)
    options = {"train_dataset": data, "eval_dataset": data, "processing_class": tiny_tokenizer()}
    front = discover_front(model_dir, FUNCTIONS, args, search, peft_config=lora, **options)

    assert (tmp_path / "runs" / "front" / "front.png").stat().st_size > 1000
    document = json.loads((tmp_path / "runs" / "front" / "front.json").read_text())
    assert document["objectives"] == ["vowels_per_letter", "letters"] == list(front.objectives)
    assert len(front) == len(document["policies"]) >= 1
    again = AdapterFront.from_folder(tmp_path / "runs" / "front")
    assert again.metrics == front.metrics == document["metrics"]

    longest = front.adapter_for([0.0, 1.0])
    assert longest == again.adapter_for([0.0, 1.0])
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model_dir), longest)
    moved = [p.abs().max().item() for name, p in model.named_parameters() if "lora_B" in name]
    assert max(moved) > 0  # it was trained, and saved as it was then

    # what the front says an adapter is worth is what an evaluation of it says
    measured = CMORLTrainer(
        model, FUNCTIONS, CMORLConfig(**{**vars_of(args), "output_dir": str(tmp_path / "again")}), **options
    )
    policy = next(each for each in front.policies if each.policy == longest)
    measured.args.seed = policy.origin["seed"]
    measured.evaluate()
    assert measured.values is not None
    assert measured.values.mean.tolist() == pytest.approx(policy.value.tolist(), rel=1e-6)


def vars_of(args: CMORLConfig) -> dict[str, Any]:
    """The settings of the test above, once more."""
    names = ("use_cpu", "bf16", "report_to", "per_device_train_batch_size", "per_device_eval_batch_size")
    more = ("num_generations", "max_completion_length", "disable_tqdm", "generation_kwargs")
    return {name: getattr(args, name) for name in (*names, *more)}


def test_a_search_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must divide"):
        FrontSearch([0.0, 0.0], stage_one_steps=25, extension_steps=40)
    with pytest.raises(ValueError, match="at least 1"):
        FrontSearch([0.0, 0.0], stage_one_steps=20, extension_steps=40, num_select=0)
    search = FrontSearch([0.0], stage_one_steps=20, extension_steps=40)
    nothing = {"train_dataset": None, "eval_dataset": None, "peft_config": None}
    config = CMORLConfig(str(tmp_path), use_cpu=True, bf16=False)
    with pytest.raises(ValueError, match="ref_point has 1"):
        discover_front("model", FUNCTIONS, config, search, **nothing)
    chosen = CMORLConfig(str(tmp_path), use_cpu=True, bf16=False, preference=[0.5, 0.5])
    with pytest.raises(ValueError, match="leave them out"):
        discover_front("model", FUNCTIONS, chosen, search, **nothing)
