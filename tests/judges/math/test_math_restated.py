"""An answer that repeats the question's arithmetic is none."""

from __future__ import annotations

import pytest

from jurybox.judges import MathJudge


@pytest.mark.parametrize(
    ("prompt", "gold", "completion", "expected"),
    [
        ("What is 37 + 48?", "85", r"\boxed{37+48}", False),
        ("What is 37 + 48?", "85", r"\boxed{85}", True),
        ("Add 6 + 20.", "26", "6 + 20", False),
        (r"Compute $6 \cdot 7$.", "42", r"\boxed{6 \times 7}", False),
        (r"Find $\binom{10}{3}$.", "120", r"\boxed{\binom{10}{3}}", False),
        ("What is 1/2 as a decimal?", "0.5", r"\boxed{\frac{1}{2}}", True),
        (r"Simplify $\sqrt{8}$.", r"2\sqrt{2}", r"\boxed{\sqrt{8}}", True),
        ("What is 37 + 48?", "85", r"\boxed{80+5}", True),
        (None, "85", r"\boxed{37+48}", True),
        ([{"role": "user", "content": "What is 37 + 48?"}], "85", r"\boxed{37+48}", False),
    ],
)
def test_restating_is_not_answering(prompt, gold, completion, expected) -> None:
    assert MathJudge().verdict(completion, prompt, solution=gold).passed is expected


@pytest.mark.parametrize("answer", ["37+48", r"\binom{10}{3}-35", r"\sum_{k=1}^{5} 17", r"5 \cdot 17", "x=37+48"])
def test_the_evaluated_form_refuses_all_that_is_left_to_do(answer) -> None:
    verdict = MathJudge(form="evaluated").verdict(rf"\boxed{{{answer}}}", solution="85")
    assert (verdict.score, verdict.reason) == (0.0, "unevaluated")


@pytest.mark.parametrize(
    "answer", [r"\frac{1}{2}", "2^{10}", r"3\pi", r"1+\sqrt{2}", r"3 \times 10^8", "5", "0.5", "-7", "2x+1"]
)
def test_what_counts_as_evaluated(answer) -> None:
    gold = f"{answer}+0"
    assert MathJudge(form="evaluated").verdict(rf"\boxed{{{answer}}}", solution=gold).passed
