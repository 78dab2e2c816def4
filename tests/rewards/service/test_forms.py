"""What requests of three forms ask, and what they are answered."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("fastapi")
from jurybox.judges import Verdict
from jurybox.rewards import RewardVerdict
from jurybox.rewards.service import Limits
from jurybox.rewards.service.forms import Malformed, parsed, written

RIGHT, ABSTAINS = RewardVerdict(1.5, passed=True), Verdict(None, "skipped", "unusable gold")


def read(form, data):
    return parsed(form, json.dumps(data).encode())


def test_rows_alone_or_with_the_step():
    row = {"completion": "5", "prompt": "2+3", "solution": "5"}
    assert read("score", [row]).rows == [row]
    call = read("score", {"rows": [row], "step": 7})
    assert (call.rows, call.step) == ([row], 7)
    assert [v["score"] for v in json.loads(written("score", call, [RIGHT, ABSTAINS]))["verdicts"]] == [1.5, None]


def test_openrlhf_sends_prompt_and_answer_in_one_text():
    data = {
        "query": ["2+3=5", "other text", "1+1=2"],
        "prompts": ["2+3=", "1+1=", "1+1="],
        "labels": ["5", {"solution": "2", "task": "sum"}, '{"solution": "2"}'],
    }
    call = read("get_reward", data)
    assert [row["completion"] for row in call.rows] == ["5", "other text", "2"]
    assert call.rows[0]["label"] == "5"
    assert call.rows[1]["task"] == "sum"
    assert call.rows[2]["solution"] == "2"
    answer = json.loads(written("get_reward", call, [RIGHT, ABSTAINS, RIGHT]))
    assert answer["rewards"] == answer["scores"] == [1.5, 0.0, 1.5]
    assert answer["extra_logs"] == {"abstained": [0.0, 1.0, 0.0], "passed": [1.0, 0.0, 1.0]}


def test_openrlhf_may_send_queries_alone():
    assert read("get_reward", {"query": ["a"]}).rows == [{"prompt": None, "completion": "a"}]


def test_nemo_gym_sends_one_rollout_and_gets_it_back():
    spoken = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "it is 5"}]}
    data = {
        "responses_create_params": {"input": [{"role": "user", "content": "2+3"}]},
        "response": {"output": [{"type": "reasoning", "summary": []}, spoken]},
        "verifier_metadata": {"solution": "5"},
        "difficulty": "easy",
    }
    call = read("verify", data)
    (row,) = call.rows
    assert row["completion"] == "it is 5"
    assert row["prompt"] == [{"role": "user", "content": "2+3"}]
    assert (row["solution"], row["difficulty"]) == ("5", "easy")
    answer = json.loads(written("verify", call, [RIGHT]))
    assert answer["reward"] == 1.5
    assert answer["response"] == data["response"]
    abstained = json.loads(written("verify", call, [ABSTAINS]))
    assert (abstained["reward"], abstained["verdict"]["reason"]) == (0.0, "unusable gold")


def test_nemo_gym_calls_of_tools_become_messages():
    called = {"type": "function_call", "name": "add", "arguments": '{"a": 2}', "call_id": "c1"}
    came = {"type": "function_call_output", "call_id": "c1", "output": "5"}
    (row,) = read("verify", {"response": {"output": [called, came]}}).rows
    first, second = row["completion"]
    assert first["tool_calls"][0]["function"] == {"name": "add", "arguments": {"a": 2}}
    assert second == {"role": "tool", "tool_call_id": "c1", "content": "5"}


@pytest.mark.parametrize(
    ("form", "body", "said"),
    [
        ("score", b"", "not JSON"),
        ("score", b"{", "not JSON"),
        ("score", b"\xff\xfe", "not JSON"),
        ("score", b"[" * 100_000, "nested too deeply"),
        ("score", b"1" * 10_000, "not JSON"),
        ("score", b"5", "list of rows"),
        ("score", b'{"rows": {}}', "list of rows"),
        ("score", b'{"rows": [5]}', "row 0 is not an object"),
        ("score", b'[{"completion": "a"}, {"prompt": "b"}]', "row 1 has no"),
        ("score", b'[{"completion": 5}]', "row 0 has no"),
        ("score", b'{"rows": [], "step": -1}', "step is"),
        ("score", b'{"rows": [], "step": true}', "step is"),
        ("get_reward", b'{"query": "a"}', "texts of prompt"),
        ("get_reward", b'{"query": ["a"], "prompts": []}', "prompts is a list as long"),
        ("get_reward", b"[]", "texts of prompt"),
        ("verify", b'{"response": {}}', "responses_create_params"),
        ("verify", b'{"response": {"output": "a"}}', "responses_create_params"),
    ],
)
def test_what_is_not_in_the_form_is_told_in_a_sentence(form, body, said):
    with pytest.raises(Malformed, match=said):
        parsed(form, body)


@pytest.mark.parametrize("item", [5, None, [], {"type": "message", "content": 5}, {"type": "function_call"}, {}])
def test_no_item_of_a_model_breaks_the_reading(item):
    data = {"response": {"output": [item]}, "responses_create_params": {"input": [item]}}
    assert read("verify", data).rows[0]["completion"] is not None


def test_bounds_are_positive():
    with pytest.raises(ValueError, match="workers must be more than 0"):
        Limits(workers=0)
