from __future__ import annotations

import pytest

from jurybox.judges import ExactJudge
from jurybox.judges.instructions import Words
from jurybox.judges.thinking import answer_start


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("plain", "plain"),
        ("<think>a</think>b", "b"),
        ("<THINKING>a</thinking> b", " b"),
        ("hm <think>a</think>b", "b"),
        ("<think>a</think>\n<think>b</think>c", "c"),
        ("a\n</think>\n\nb", "\n\nb"),  # the prompt opened it
        ("a</think>\nb", "\nb"),
        ("</think>42", "42"),
        ("one two </think> a b", "one two </think> a b"),  # nobody opened it
        ("<think>a</think> long </think> b", " long </think> b"),
        ("<think>a</think>long\n</think>\nb", "long\n</think>\nb"),
        ("write <think> first", "write <think> first"),
        ("<think>a", None),
        ("<think>a</think>b\n<think>c", None),
    ],
)
def test_the_answer_is_what_follows_the_thinking(text, answer):
    start = answer_start(text)
    assert (None if start is None else text[start:]) == answer


def test_a_stray_closing_tag_hides_nothing_from_a_judge():
    assert Words(3, "at most").verdict("one two three four five six </think> a b").score == 0.0
    assert ExactJudge().verdict("<think>hm</think>wrong </think> right", solution="right").score == 0.0
