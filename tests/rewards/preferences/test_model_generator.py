"""Candidates of a transformers model: k a prompt, the same for the same seeds, nobody's random state touched."""

from __future__ import annotations

import pytest
import torch

from jurybox.benchmarks.playground import character_tokenizer, tiny_policy
from jurybox.judges import LengthJudge
from jurybox.rewards import ModelGenerator, preferences

TOKENIZER = character_tokenizer()
CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)


@pytest.fixture(scope="module")
def policy():
    return tiny_policy(TOKENIZER, hidden=16, layers=1, heads=2, mlp=16)


def test_k_for_each_prompt_and_the_same_again(policy):
    generate = ModelGenerator(policy, TOKENIZER, max_new_tokens=6, batch=8)
    before, policy_training = torch.random.get_rng_state(), policy.training
    first = generate(["ab?", "c?", "longer?"], 4, [1, 2, 3])
    assert [len(several) for several in first] == [4, 4, 4]
    assert len({text for several in first for text in several}) > 4
    assert first == generate(["ab?", "c?", "longer?"], 4, [1, 2, 3])
    assert first != generate(["ab?", "c?", "longer?"], 4, [4, 5, 6])
    assert torch.equal(before, torch.random.get_rng_state())
    assert policy.training == policy_training


def test_a_run_that_is_cut_short_and_taken_up_again(policy, tmp_path):
    rows = [{"prompt": f"{number}?"} for number in range(12)]
    generate = ModelGenerator(policy, TOKENIZER, max_new_tokens=6, batch=8)
    judge = LengthJudge(12, cosine=True, unit="characters")
    options = {"generate": generate, "k": 4, "select": "tournament", "chunk": 4}
    whole = preferences(rows, judge, output=tmp_path, **options)
    (tmp_path / "shard-000001.json").unlink()
    assert preferences(rows, judge, output=tmp_path, **options).to_list() == whole.to_list()
    assert preferences(rows, judge, **options).to_list() == whole.to_list()


def test_messages_go_through_the_chat_template(policy):
    tokenizer = character_tokenizer()
    tokenizer.chat_template = CHAT
    generate = ModelGenerator(policy, tokenizer, max_new_tokens=4)
    made = preferences(
        [{"prompt": [{"role": "user", "content": "1+1?"}]}],
        LengthJudge(12, cosine=True, unit="characters"),
        generate=generate,
        k=16,
    )
    assert made[0]["chosen"][0]["role"] == "assistant"


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"max_new_tokens": 0}, {"batch": 0}])
def test_what_is_refused(policy, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        ModelGenerator(policy, TOKENIZER, **wrong)
