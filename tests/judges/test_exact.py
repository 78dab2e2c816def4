from __future__ import annotations

from time import process_time

import pytest

from jurybox.judges.choice import stated_choice
from jurybox.judges.exact import ExactJudge


@pytest.mark.parametrize(
    ("options", "answer", "gold", "score"),
    [
        ({}, " Paris\n", "Paris", 1.0),
        ({}, "paris", "Paris", 0.0),
        ({"ignore_case": True}, "STRASSE", "straße", 1.0),
        ({}, "New \n York", "New York", 1.0),
        ({"ignore_whitespace": False}, "New  York", "New York", 0.0),
        ({"ignore_punctuation": True}, "well, yes!", "well yes", 1.0),
        ({}, "e\u0301", "\u00e9", 1.0),
        ({"unicode": None}, "e\u0301", "\u00e9", 0.0),
        ({"unicode": "NFKC"}, "\uff14\uff12", "42", 1.0),
        ({}, "b", ["a", "b"], 1.0),
        ({}, "<think>b</think>a", "b", 0.0),
        ({}, "42", 42, 1.0),
    ],
)
def test_equality_after_normalisation(options, answer, gold, score):
    assert ExactJudge(**options).verdict(answer, solution=gold).score == score


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("B", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("b)", "B"),
        ("B) Paris", "B"),
        ("Answer: B", "B"),
        ("The correct answer is option B, not A.", "B"),
        ("the answer is (b).", "B"),
        ("**Answer:** C", "C"),
        (r"so \boxed{B}", "B"),
        (r"so \boxed{\text{(B)}}", "B"),
        ("Answer: A. Wait, no. Answer: B", "B"),
        ("The answer is C. Option A is wrong.", "C"),
        ("Some steps.\nB", "B"),
        ("Only (D) fits.", "D"),
        ("Answer: A or B", "hedged"),
        (r"\boxed{A, B}", "hedged"),
        ("Answer: A/B", "hedged"),
        ("Answer: A, B is wrong", "A"),
        ("the answer is a prime number", None),
        ("A number is even if it is divisible by two", None),
        ("Because", None),
        ("", None),
    ],
)
def test_stated_choice(text, choice):
    assert stated_choice(text, "ABCD") == choice


def test_choice_judge_reasons():
    judge = ExactJudge(choices="ABCD")
    assert judge.verdict("Answer: C", solution="(C)").reason == "equal"
    assert judge.verdict("Answer: C", solution="B").reason == "different"
    assert judge.verdict("Answer: B or C", solution="B").reason == "hedged"
    assert judge.verdict("who knows", solution="B").reason == "no choice"
    assert judge.verdict("B", solution="Z").status == "skipped"


def test_unusable_gold_abstains():
    assert ExactJudge().verdict("x", solution=None).passed is None
    assert ExactJudge().verdict("x", solution=[]).status == "skipped"


def test_hostile_text_gets_a_verdict():
    for text in ("", "\x00", "\ud800", "answer " * 30_000, "\n" * 200_000, "(" * 200_000, "a" * 500_000):
        for judge in (ExactJudge(ignore_punctuation=True), ExactJudge(choices="ABCD")):
            verdict = judge.verdict(text, solution="B")
            assert verdict.score == 0.0
            assert verdict.seconds < 3.0
    assert ExactJudge().verdict([{"role": "assistant", "content": None}], solution="B").score == 0.0


@pytest.mark.parametrize("options", [{"unicode": "UTF-8"}, {"choices": "A"}, {"choices": "AA"}])
def test_bad_options_raise(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ExactJudge(**options)


def test_a_tower_of_marks_is_not_sorted():
    tower = "a" + "\u0300\u0316" * 80_000
    start = process_time()
    assert ExactJudge().verdict(tower, solution="b").score == 0.0
    assert process_time() - start < 5.0  # sorting all of them takes 20 seconds
    assert ExactJudge().verdict("e\u0301", solution="\u00e9").passed


def test_an_empty_or_missing_gold_does_not_pay_for_silence():
    for gold in ("", "  ", float("nan"), [None, ""]):
        assert ExactJudge().verdict("", solution=gold).status == "skipped"
    assert ExactJudge(ignore_punctuation=True).verdict("!", solution="?").status == "skipped"
    assert ExactJudge().verdict("", solution=["", "x"]).score == 0.0
