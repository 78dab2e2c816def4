"""How answers to multiple-choice questions are stated, and hedged."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy
import pytest

from jurybox.judges import ExactJudge
from jurybox.judges.choice import stated_choice

STATED = [
    "the best choice would be B", "Answer = B", "Answer → B", "The answer is: B. Paris", "I would choose B.",
    "Die Antwort ist B.", "La respuesta correcta es B", "La réponse est B.", "Réponse : B", "Правильный ответ: B",
    "正解はBです", "정답은 B입니다", "答案选B", "答案是B。", "故选：B", "A resposta é B.", "La risposta corretta è B",
    "Option B is correct.", "B is the correct answer.", "The correct option is (B).", "My choice: **B**",
    "**Answer:** B",
    r"$\boxed{\text{B}}$", r"\boxed{\text{(B)}}", "<answer>\nB\n</answer>",
    "<answer>B) 12 m/s</answer>", "**B) Paris**",
    "It cannot be A, C or D. So B.", "So it must be **B**.", "It's B.", "The answer seems to be B.", "Ａｎｓｗｅｒ：Ｂ",
    "After elimination, **B** is correct.", "The answer is a prime number, so B.", "Answer: B (A is wrong)",
    "The answer is B. Note that A is a common distractor.", "The answer is B. Option A is wrong.",
]  # fmt: skip
HEDGED = [
    "Answer: A or B", "Answer: A/B", "Answer: A\u200b or B", "Answer: A or maybe B", "Answer: A or possibly even B",
    "Answer: A, or B", "Answer: A B", "Answer: Ａ／Ｂ", "Answer: A; B", "<answer>A or B</answer>", "Answer: (A) or (B)",
    "Answer: A (alternatively B)", "Antwort: A oder B", "Ответ: A или B", "答案：A或B", "Answer: A \u00ador\u2060 B",
]  # fmt: skip


@pytest.mark.parametrize("text", STATED)
def test_ways_to_state_a_letter(text):
    assert stated_choice(text, "ABCD") == "B"


@pytest.mark.parametrize("text", HEDGED)
def test_two_at_once_are_a_hedge(text):
    assert stated_choice(text, "ABCD") == "hedged"
    assert ExactJudge(choices="ABCD").verdict(text, solution="A").reason == "hedged"


@pytest.mark.parametrize("text", ["The answer is not A.", "Answer: either A or B", "Both.", "Answer: ABCD", ""])
def test_what_chooses_nothing(text):
    assert stated_choice(text, "ABCD") is None


def test_the_usual_ways_and_their_siblings():
    judge = ExactJudge(choices="ABCDEFGHIJ")
    lines = Path(__file__).with_name("choice_cases.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [tuple(json.loads(line).values()) for line in lines]
    came = [(text, judge.verdict(text, solution="A").evidence.get("answer")) for text, _ in wanted]
    assert came == wanted
    assert len(wanted) > 250


SLOW = [
    "answer is ",
    "so ",
    "**A",
    "(A",
    "A is ",
    "\n",
    "answer" + " " * 50,
    "A or ",
    "not A, but ",
    "A → ",
    "<b>",
    "~~a",
]


@pytest.mark.parametrize("unit", [*SLOW, "~~a", "1. ", "answer to a b c ", "A ", "A is not ", "\nA x", "answer A "])
def test_no_text_is_slow(unit):
    start = time.process_time()
    stated_choice(unit * (200_000 // len(unit)), "ABCD")
    assert time.process_time() - start < 2.0


def test_an_option_may_be_chosen_by_its_text():
    judge = ExactJudge(choices="ABC", options="options")
    row = {"solution": "B", "options": ["Rome", "Paris", "Oslo"]}
    assert judge.verdict("Paris.", **row).passed
    assert judge.verdict("Answer: B", **row).passed
    assert not judge.verdict("Rome", **row).passed
    assert judge.verdict("Oslo", **row | {"solution": "oslo"}).passed
    for text in ("The answer is Paris.", r"So \boxed{\text{Paris}}", "<answer> Paris </answer>", "B. Paris"):
        assert judge.verdict(text, **row).passed, text
    for text in ("B. Rome", "Answer: (B) Oslo", "The answer is Oslo.", "The answer is not Paris.", "Paris or Rome"):
        assert not judge.verdict(text, **row).passed, text
    assert judge.verdict("x", solution="B", options=["x", "x"]).reason == "no choice"
    assert judge.verdict("B", solution="B", options=None).passed
    for options in ({"A": "Rome", "B": "Paris"}, {"text": ["Rome", "Paris"], "label": ["A", "B"]},
                    {"text": ["Rome", "Paris"], "label": ["1", "2"]}, numpy.array(["Rome", "Paris"])):  # fmt: skip
        assert judge.verdict("Paris", solution="B", options=options).passed, options
        assert not judge.verdict("B. Rome", solution="B", options=options).passed, options
    for options in (7, "Rome, Paris", {"text": 1, "label": 2}):
        verdict = judge.verdict("Paris", solution="B", options=options)
        assert (verdict.score, verdict.reason) == (None, "unusable options")
    with pytest.raises(ValueError, match="options need letters"):
        ExactJudge(options="options")
