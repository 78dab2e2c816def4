"""Extraction: which piece of a completion is the answer, and where it stood."""

from __future__ import annotations

import pytest

from jurybox.judges.math import extract
from jurybox.judges.math.read.extract import visible
from jurybox.judges.math.read.formulas import formulas
from jurybox.judges.math.read.golds import gold_text


@pytest.mark.parametrize(
    ("completion", "text", "where"),
    [
        (r"So $\boxed{5}$.", "5", "box"),
        (r"$\boxed{\frac{1}{2}}$", r"\frac{1}{2}", "box"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}", "box"),
        (r"$\boxed{x=\boxed{5}}$", "5", "box"),
        (r"\boxed 42 is it", "42", "box"),
        (r"\boxed{28} pct", r"28\%", "box"),
        (r"\boxed{101}_2", "101_2", "box"),
        (r"First \boxed{3}, but that is wrong. So \boxed{5}", "5", "box"),
        (r"\boxed{1} and \boxed{2}", "1, 2", "box"),
        (r"\boxed{} and then \boxed{5}", "5", "box"),
        (r"\boxed{ }", "", "empty box"),
        ("6 * 7 = 42\n#### 42", "42", "####"),
        ("<think>7</think><answer>5</answer>", "5", "answer tag"),
        ("<think>\\boxed{5}", "", "unfinished thinking"),
        ("The final answer is $x^2$. I hope it is correct.", "$x^2$", "answer phrase"),
        ("Final Answer: The largest $n$ is 34.", "34", "answer phrase"),
        ("The answer is 6, not 5.", "6", "answer phrase"),
        ("Answer:\n42", "42", "answer phrase"),
        ("Thus $x <= 2$ is what we want.", "$x <= 2$", "last formula"),
        ("We get $a$ first, therefore 12 remain", "12", "last number"),
        ("First 41, then 43, then 44", "44", "last number"),
        ("Because B is valid", "B", "choice"),
        ("I do not know.", "", "no answer"),
    ],
)
def test_where_the_answer_is(completion: str, text: str, where: str) -> None:
    assert extract(completion) == (text, where)


def test_places_can_be_limited() -> None:
    assert extract("It is $5$.", where="explicit").text == ""
    assert extract("The answer is 5.", where="explicit").text == "5"
    assert extract("The answer is 5.", where="box") == ("", "no box")
    assert extract(r"\boxed{1}, \boxed{2}", boxes="last").text == "2"


def test_thinking_and_chat_markup_are_not_read() -> None:
    assert visible("<think>a</think>b<|im_end|>c") == "b"
    assert visible("a</think>b") == "b"
    assert visible("<think>a</think><think>b") is None
    assert visible("1 < 2") == "1 < 2"


@pytest.mark.parametrize(
    ("solution", "gold"),
    [
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        (r"We find $x=5$, so the answer is $\boxed{5}$.", "5"),
        ("3 + 4 = 7 apples\n#### 7", "7"),
        ("$28\\%$", "$28\\%$"),
        ("$21,16$ or $11$", "$21,16$ or $11$"),
        ("The answer is 5.", "5"),
        ("The midpoints form a regular hexagon", "The midpoints form a regular hexagon"),
        (r"\$5.50", r"\$5.50"),
    ],
)
def test_gold_answers_in_all_wrappings(solution: str, gold: str) -> None:
    assert gold_text(solution) == gold


def test_formula_spans_know_escaped_dollars() -> None:
    text = r"costs \$5, so $x=1$ and \(y\)"
    assert [text[a:b] for a, b in formulas(text)] == ["$x=1$", r"\(y\)"]
