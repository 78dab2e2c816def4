from __future__ import annotations

import pytest

from jurybox.judges import completion_text, prompt_text

TOOL_CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "add", "arguments": "{}"}}]}


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ([], ""),
        ({"role": "assistant", "content": "5"}, "5"),
        ([{"role": "assistant", "content": "5"}], "5"),
        ([{"content": "no role"}], "no role"),
        ([{"role": "assistant"}], ""),
        ([TOOL_CALL], ""),
        ([TOOL_CALL, {"role": "tool", "content": "\\boxed{5}"}, {"role": "assistant", "content": "six"}], "six"),
        ([TOOL_CALL, {"role": "tool", "content": "\\boxed{5}"}], ""),
        ([{"role": "user", "content": "u"}], ""),
        ([{"role": "assistant", "content": "a"}, {"role": "user", "content": "u"}], "a"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}], "ab"),
        (
            [{"role": "assistant", "content": [{"type": "image", "image": object()}, {"type": "text", "text": "b"}]}],
            "b",
        ),
        ([{"role": "assistant", "content": {"type": "text", "text": "a"}}], "a"),
        ([{"role": "assistant", "content": [{"type": "text", "text": None}]}], ""),
        ([{"role": "assistant", "content": "5", "reasoning_content": "2+3"}], "<think>\n2+3\n</think>\n5"),
        ([{"role": "assistant", "content": None, "reasoning": "2+3"}], "<think>\n2+3\n</think>\n"),
        ([{"role": "assistant", "content": "5", "reasoning_content": ""}], "5"),
        (({"role": "assistant", "content": "a tuple"},), "a tuple"),
    ],
)
def test_every_form_of_completion(completion, text):
    assert completion_text(completion) == text


@pytest.mark.parametrize(
    ("completion", "message"),
    [
        (5, "not int"),
        (b"bytes", "not bytes"),
        (["a", "b"], "mappings with 'role' and 'content'"),
        ([{"role": "assistant", "content": 5}], "not int"),
    ],
)
def test_what_is_no_completion(completion, message):
    with pytest.raises(TypeError, match=message):
        completion_text(completion)


def test_a_prompt_is_all_its_messages():
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "2+3?"}]},
    ]
    assert prompt_text(messages) == "Be short.\n2+3?"
    assert prompt_text({"role": "user", "content": "one"}) == "one"
    assert prompt_text("plain") == "plain"
    assert prompt_text(None) == ""
