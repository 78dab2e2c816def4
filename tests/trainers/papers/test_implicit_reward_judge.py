"""The implicit reward as a reward function, against the models' own log-softmax, one completion at a time."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from seam_tiny import tiny_tokenizer
from torch import Tensor
from transformers import AutoModelForCausalLM

from jurybox.judges import ExactJudge
from jurybox.rewards import Function
from jurybox.trainers import ImplicitReward

PROMPTS, COMPLETIONS = ["say e", "say o", "say t"], ["eee", "", "to n"]
LORA = LoraConfig(r=4, lora_alpha=64, target_modules=["v_proj"], init_lora_weights=False, lora_dropout=0.5)
TEMPLATE = (
    "{% for m in messages %}{{ m['role'][0] + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}a{% endif %}"
)


@pytest.fixture
def reference(model_dir: str) -> Any:
    return AutoModelForCausalLM.from_pretrained(model_dir).eval()


@pytest.fixture
def policy(model_dir: str) -> Any:
    model = AutoModelForCausalLM.from_pretrained(model_dir).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    return model


def log_ratios(policy: Any, reference: Any, prompt: list[int], completion: list[int]) -> Tensor:
    ids = torch.tensor([prompt + completion])
    with torch.no_grad():
        mine, theirs = (model(ids).logits[0].log_softmax(-1) for model in (policy, reference))
    places = range(len(prompt), len(prompt) + len(completion))
    return torch.stack([mine[t - 1, ids[0, t]] - theirs[t - 1, ids[0, t]] for t in places])


def ids(text: str) -> list[int]:
    return list(tiny_tokenizer()(text)["input_ids"])


def test_every_token_and_their_sum(policy: Any, reference: Any) -> None:
    reward = ImplicitReward(policy, reference, tiny_tokenizer(), beta=0.3, batch_size=2)
    found = reward.tokens(PROMPTS, COMPLETIONS)
    for row, prompt, completion in zip(found, PROMPTS, COMPLETIONS, strict=True):
        expected = 0.3 * log_ratios(policy, reference, ids(prompt), [*ids(completion), 1])
        torch.testing.assert_close(row, expected, atol=1e-5, rtol=0)
    assert reward(PROMPTS, COMPLETIONS) == pytest.approx([row.sum().item() for row in found])
    mean = ImplicitReward(policy, reference, tiny_tokenizer(), beta=0.3, average="mean")
    assert mean(PROMPTS, COMPLETIONS) == pytest.approx([row.mean().item() for row in found], abs=1e-6)


def test_values_telescope(policy: Any, reference: Any) -> None:
    for row in ImplicitReward(policy, reference, tiny_tokenizer()).values(PROMPTS, COMPLETIONS):
        assert row.sum_reward.item() == pytest.approx(row.telescoped.item(), abs=1e-4)


def test_ids_of_a_trainer_are_taken_as_they_are(policy: Any, reference: Any) -> None:
    given = [[5, 6, 7], [9], []]
    reward = ImplicitReward(policy, reference, tiny_tokenizer())
    said = reward(prompts=PROMPTS, completions=COMPLETIONS, completion_ids=given, trainer_state=None)
    expected = [
        log_ratios(policy, reference, ids(prompt), row).sum().item()
        for prompt, row in zip(PROMPTS[:2], given, strict=False)
    ]
    assert said[:2] == pytest.approx(expected, abs=1e-5)
    assert said[2] is None


def test_messages_go_through_the_chat_template(policy: Any, reference: Any) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE
    reward = ImplicitReward(policy, reference, tokenizer)
    prompt, answer = [{"role": "user", "content": "say e"}], [{"role": "assistant", "content": "ee"}]
    expected = log_ratios(policy, reference, ids("usay e\na"), ids("ee\n"))
    torch.testing.assert_close(reward.tokens([prompt], [answer])[0], expected, atol=1e-5, rtol=0)


def test_nothing_predicts_the_first_token_of_all(policy: Any, reference: Any) -> None:
    (row,) = ImplicitReward(policy, reference, tiny_tokenizer()).tokens([""], ["eon"])
    assert len(row) == len(ids("eon"))  # one less, and the end
    torch.testing.assert_close(row, log_ratios(policy, reference, ids("e"), [*ids("on"), 1]), atol=1e-5, rtol=0)


def test_an_adapter_has_its_reference_inside(reference: Any, model_dir: str) -> None:
    torch.manual_seed(0)
    policy = get_peft_model(AutoModelForCausalLM.from_pretrained(model_dir), LORA).train()
    reward = ImplicitReward(policy, tokenizer=tiny_tokenizer())
    (row,) = reward.tokens(["say e"], ["ee"])
    assert policy.training
    policy.eval()
    torch.testing.assert_close(row, log_ratios(policy, reference, ids("say e"), [*ids("ee"), 1]), atol=1e-5, rtol=0)
    assert row.abs().max() > 1e-3


def test_it_is_a_part_of_any_reward(policy: Any, reference: Any) -> None:
    implicit = ImplicitReward(policy, reference, tiny_tokenizer())
    reward = ExactJudge() + 0.5 * Function(implicit)
    (expected,) = implicit(["say e"], ["eee"])
    said = reward.verdict("eee", prompt="say e", solution="eee")
    assert said.score == pytest.approx(1 + 0.5 * expected, abs=1e-6)  # type: ignore[operator]
    assert "implicit_reward" in repr(reward)


def test_models_given_by_name_are_pickled_as_names(model_dir: str) -> None:
    reward = ImplicitReward(model_dir, model_dir)
    data = pickle.dumps(reward)
    assert len(data) < 100_000
    assert pickle.loads(data)(["say e"], ["e"]) == [0.0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"beta": 0.0}, "beta must be a positive number, not 0.0"),
        ({"average": "max"}, "average must be 'sum' or 'mean', not 'max'"),
        ({"reference": None}, "only a PEFT model has it inside"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], said: str, reference: Any) -> None:
    with pytest.raises(ValueError, match=said):
        ImplicitReward(reference, **{"reference": reference, "tokenizer": tiny_tokenizer(), **settings})
