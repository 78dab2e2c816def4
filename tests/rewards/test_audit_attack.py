"""An attack finds what a reward pays for that is no answer, and is silent about a reward that pays only for answers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from jurybox.judges import (
    CodeJudge,
    ExactJudge,
    FormatJudge,
    JSONJudge,
    Judge,
    LengthJudge,
    MathJudge,
    RepetitionJudge,
    Verdict,
    judge,
)
from jurybox.rewards import Function, as_reward
from jurybox.rewards.audit import Case, attack, cases_of, paid_words

RIGHT = "First 2 * {n} = {twice}.\nSo the answer is \\boxed{{{twice}}}"


def sums(count: int = 12) -> list[Case]:
    return [
        Case(
            f"What is {n} + {n}?",
            {"solution": str(2 * n)},
            (RIGHT.format(n=n, twice=2 * n),),
            (RIGHT.format(n=n, twice=2 * n + 7),),
        )
        for n in range(30, 30 + count)
    ]


@judge
def mentions(completion: str, solution: str) -> bool:
    return solution in completion


@judge
def equations(completion: str) -> bool:
    return completion.count("=") >= 2


@judge
def any_list(completion: str, solution: str) -> bool:
    return f"\\boxed{{{solution}}}" in completion.replace(", ", "}\\boxed{")


@judge
def gives_up(completion: str) -> float | None:
    return float("\\boxed" in completion) if completion else None


def pays(reward: Any, cases: list[Case], **options: Any) -> set[str]:
    return {outcome.attack.name for outcome in attack(as_reward(reward), cases, **options).paying}


@pytest.mark.parametrize(
    "reward",
    [
        as_reward(MathJudge()),
        MathJudge() + 0.2 * FormatJudge(),
        MathJudge() + 0.2 * FormatJudge.tags("think", "answer") - 0.1 * ~LengthJudge(60, unit="words"),
        MathJudge() * RepetitionJudge(),
        (MathJudge() & FormatJudge()) | ExactJudge(),
    ],
    ids=repr,
)
def test_a_sound_reward_pays_for_answers_only(reward: Any) -> None:
    audit = attack(reward, sums(), search=paid_words)
    assert not audit.paying, audit.paying[0]
    assert audit.right is not None
    assert audit.right > audit.wrong


@pytest.mark.parametrize(
    ("reward", "found"),
    [
        (mentions, "all answers there are"),
        (MathJudge() + 0.5 * mentions, "all answers there are"),
        (any_list | MathJudge(), "every number in one list"),
        (MathJudge() + Function(lambda completions, **_: [len(c) / 1000 for c in completions], 0, 5), "filler"),
        (MathJudge() - Function(lambda completions, **_: [len(c) / 50 for c in completions], 0, 5), "nothing"),
        (0.0 + gives_up, "nothing"),
    ],
    ids=["anywhere", "a part", "a list", "length", "brevity", "abstention"],
)
def test_what_pays_is_named(reward: Any, found: str) -> None:
    names = pays(reward, sums())
    assert any(found in name for name in names), names


def test_marks_that_a_part_counts_are_found_by_asking() -> None:
    reward = MathJudge() + 0.2 * equations
    cases = [Case(c.prompt, c.columns, (c.columns["solution"],), (str(n),)) for n, c in enumerate(sums())]
    assert not pays(reward, cases)
    (found,) = attack(reward, cases, search=paid_words).paying[:1]
    assert "=" in found.attack.name
    assert found.gain == pytest.approx(0.2)


def test_a_judge_of_ones_own_offers_too() -> None:
    class Polite(Judge):
        def _judge(self, sample: Any) -> Verdict:
            return Verdict(float("s'il vous plaît" in sample.text))

        def attacks(self, sample: Any) -> list[tuple[str, str]]:
            return [("courtesy in French", "s'il vous plaît")]

    assert "courtesy in French" in pays(MathJudge() + 0.5 * Polite(), sums())


def test_a_crossing_of_two_nodes_pays_what_neither_does_alone() -> None:
    tags = FormatJudge.tags("think", "answer")
    reward = (any_list & tags) + 0.0
    names = pays(reward, sums())
    assert names
    assert all("in form" in name or "+" in name for name in names)


def test_a_guess_is_no_attack() -> None:
    letters = random.Random(0).choices("ABCD", k=40)
    cases = [Case("Which?", {"solution": one}, (f"Answer: {one}",), ("Answer: E",)) for one in letters]
    last = judge(name="last")(lambda completion, solution: completion.strip(" .()")[-1:] == solution)
    assert not pays(ExactJudge(choices="ABCDE"), cases)
    assert not pays(last, cases), "stating all and meaning the last is a guess, worth a quarter as any other"


def test_json_and_code_are_attacked_in_their_own_language() -> None:
    schema = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}, "name": {}}}
    cases = [Case("Ann is 3.", {"age": '{"age": 3}'}, ('{"age": 3}',), ('{"age": "three"}',))]
    assert "least that the schema takes" in pays(JSONJudge(schema), cases)
    assert not pays(JSONJudge(schema, expected="age"), cases)
    prompt = "Write `double(n)`.\n>>> double(2)\n4\n>>> double(5)\n10"
    visible, hidden = [{"args": [2], "expected": 4}, {"args": [5], "expected": 10}], [{"args": [8], "expected": 16}]
    right, wrong = ("```python\ndef double(n): return n * 2\n```",), ("```python\ndef double(n): return n + 3\n```",)
    seen, all_tests = (
        [Case(prompt, {"tests": tests, "entry": "double"}, right, wrong)] for tests in (visible, visible + hidden)
    )
    assert "the visible tests by heart" in pays(CodeJudge(isolation="none"), seen)
    assert not pays(CodeJudge(isolation="none", reward="all"), all_tests)


def test_cases_come_from_labelled_answers() -> None:
    rows = [
        {"prompt": "a", "completion": "1", "solution": "1"},
        {"prompt": "a", "completion": "2", "solution": "1"},
        {"prompt": "b", "completion": "3", "solution": "3"},
        {"prompt": "c", "completion": "?", "solution": "4"},
    ]
    exact = ExactJudge()

    def right(some: Any) -> list[bool | None]:
        return [None if r["completion"] == "?" else exact.verdict(**r).passed for r in some]

    first, second = cases_of(rows, right)
    assert (first.right, first.wrong) == (("1",), ("2",))
    assert (second.right, second.wrong) == (("3",), ("1",)), "borrowed: right elsewhere, wrong here"


def test_without_a_wrong_answer_there_is_nothing_to_measure_by() -> None:
    with pytest.raises(ValueError, match="at least one"):
        attack(as_reward(MathJudge()), [Case("1 + 1?", {"solution": "2"}, ("2",), ())])


def test_a_row_that_nobody_can_be_judged_on_is_no_attacks_doing() -> None:
    unusable = Case("1 + 1?", {"solution": ""}, (), ("3",))
    audit = attack(as_reward(MathJudge()), [*sums(4), unusable])
    assert not audit.paying
    assert audit.cases == 4
    with pytest.raises(ValueError, match="abstains on every"):
        attack(as_reward(MathJudge()), [unusable])
