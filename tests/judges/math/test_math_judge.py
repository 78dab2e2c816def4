"""The judge itself: options, verdicts with their evidence, abstention, memory, what goes to a worker."""

from __future__ import annotations

import copy
import doctest
import pickle
from fractions import Fraction
from typing import Any

import numpy
import pytest

from jurybox.judges import MathJudge
from jurybox.judges.math import judge as math_judge


@pytest.mark.parametrize(
    "options",
    [
        {"answer": ""}, {"where": "nowhere"}, {"boxes": "first"}, {"units": "metric"}, {"relations": "none"},
        {"decimals": -1}, {"decimals": 1.5}, {"tolerance": 2.0}, {"tolerance": -0.1}, {"timeout": 0},
        {"timeout": float("inf")},
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_construction(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MathJudge(**options)


def test_a_verdict_says_what_was_found_where_and_which_rule_decided() -> None:
    verdict = MathJudge().verdict(r"So $\boxed{0.5}$", solution=r"\frac{1}{2}")
    assert (verdict.score, verdict.reason, verdict.status) == (1.0, "exact number", "scored")
    assert verdict.evidence == {"answer": "0.5", "where": "box", "gold": r"\frac12", "form": "0.5"}
    assert verdict.seconds > 0


@pytest.mark.parametrize(
    ("completion", "gold", "reason"),
    [
        (r"\boxed{5}", "5", "text"),
        (r"\boxed{\frac{2}{4}}", "1/2", "exact number"),
        (r"\boxed{(x+1)^2}", "x^2+2x+1", "random points"),
        (r"\boxed{3.14159265359}", r"\pi", "decimal digits"),
        (r"\boxed{5,6}", "5", "several answers"),
        (r"\boxed{5\text{ m}}", r"5\text{ cm}", "exact number"),
        (r"\boxed{5\text{ kg}}", r"5\text{ cm}", "different units"),
        (r"\boxed{4=5}", "5", "false equation"),
        (r"\boxed{0/0}", "5", "undefined"),
        (r"\boxed{9^{9^{9^{9}}}}", r"9^{9^{9^{8}}}", "too large to compare"),
        (r"\boxed{" + "1+" * 3000 + "1}", "3001", "too long"),
        (r"\boxed{3 \pmod 5}", r"3 \pmod 7", "different moduli"),
        ("", "5", "no answer"),
        (r"\boxed{}", "5", "empty box"),
        ("<think>5", "5", "unfinished thinking"),
        (r"\boxed{B) 12}", "B", "choice"),
        (r"\boxed{1,22}", "1.22", "decimal comma"),
    ],
)
def test_reasons(completion: str, gold: str, reason: str) -> None:
    verdict = MathJudge().verdict(completion, solution=gold)
    assert verdict.reason == reason
    assert f'"{reason}"' in " ".join(str(MathJudge.__doc__).split())


def test_options_change_the_convention() -> None:
    def passed(completion: str, gold: str, **options: Any) -> bool | None:
        return MathJudge(**options).verdict(completion, solution=gold).passed

    assert not passed(r"\boxed{0.33}", "1/3")
    assert passed(r"\boxed{0.33}", "1/3", decimals=2)
    assert not passed(r"\boxed{0.34}", "1/3", decimals=2)
    assert not passed(r"\boxed{1.7\times10^{-19}}", r"1.6\times 10^{-19}", decimals=6)
    assert passed(r"\boxed{0.335}", "1/3", tolerance=0.01)
    assert not passed(r"\boxed{0.35}", "1/3", tolerance=0.01)
    assert passed(r"\boxed{5}", r"5\text{ cm}")
    assert not passed(r"\boxed{5}", r"5\text{ cm}", units="required")
    assert passed(r"\boxed{5\text{ kg}}", r"5\text{ cm}", units="ignore")
    assert passed(r"\boxed{x>2}", r"(2,\infty)")
    assert not passed(r"\boxed{x>2}", r"(2,\infty)", relations="gold")
    assert passed(r"\boxed{(2,\infty)}", "x>2", relations="gold")
    assert not passed(r"\boxed{1}, \boxed{2}", "2")
    assert passed(r"\boxed{1}, \boxed{2}", "2", boxes="last")
    assert not passed("It is 5.", "5", where="box")
    assert not passed(r"\boxed{3y+1}", "3x+1")
    assert passed(r"\boxed{3y+1}", "3x+1", strict=False)


@pytest.mark.parametrize("gold", [None, "", "  ", ["5"], {"a": 1}, float("nan")])
def test_an_unusable_gold_abstains(gold: Any) -> None:
    verdict = MathJudge().verdict(r"\boxed{5}", solution=gold)
    assert (verdict.score, verdict.status, verdict.reason) == (None, "skipped", "unusable gold")


def test_gold_answers_may_be_numbers() -> None:
    assert MathJudge("target")(completions=[r"\boxed{18}", r"\boxed{0.50}"], target=[18, 0.5]) == [1.0, 1.0]
    assert MathJudge().verdict(r"\boxed{\frac12}", solution=Fraction(1, 2)).passed
    assert MathJudge().verdict(r"\boxed{5}", solution=numpy.int64(5)).passed


def test_messages_and_reasoning_content() -> None:
    message = [{"role": "assistant", "reasoning_content": r"\boxed{7}", "content": r"\boxed{5}"}]
    assert MathJudge()(completions=[message], solution=["5"]) == [1.0]


def test_a_remembered_answer_is_the_same_answer() -> None:
    judge = MathJudge()
    first = judge.verdict(r"\boxed{\sqrt{12}}", solution=r"2\sqrt3")
    again = judge.verdict(r"another text, \boxed{\sqrt{12}}", solution=r"2\sqrt3")
    assert first.replace(seconds=0.0) == again.replace(seconds=0.0)


def test_copies_and_pickles_judge_alike() -> None:
    judge = MathJudge(decimals=2, timeout=3.0)
    for other in (pickle.loads(pickle.dumps(judge)), copy.deepcopy(judge)):
        assert repr(other) == repr(judge)
        assert other.verdict(r"\boxed{0.33}", solution="1/3").passed


@pytest.mark.slow
def test_the_worker_decides_what_nothing_cheaper_can() -> None:
    judge = MathJudge(timeout=20.0)
    series = judge.verdict(r"\boxed{\sum_{n=1}^{\infty} \frac{1}{n^2}}", solution=r"\frac{\pi^2}{6}")
    assert (series.score, series.reason) == (1.0, "sympy")
    limit = judge.verdict(r"\boxed{\lim_{x\to 0}\frac{\sin x}{x}}", solution="2")
    assert (limit.score, limit.reason) == (0.0, "sympy")


def test_the_examples_in_the_docstring_run() -> None:
    result = doctest.testmod(math_judge)
    assert result.attempted > 0
    assert result.failed == 0
