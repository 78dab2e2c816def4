"""Tasks: the same seed gives the same problems, and the judges agree with the demonstrators about who is right."""

import random
from collections import Counter

import pytest

from jurybox.benchmarks.playground.tasks import (
    RECORD_SCHEMA,
    Arithmetic,
    Chains,
    Records,
    Task,
    draw_rows,
    split_of,
)
from jurybox.benchmarks.playground.tokenizer import check_alphabet
from jurybox.judges import JSONJudge, MathJudge
from jurybox.judges.format import FormatJudge

TASKS = (Arithmetic(), Chains(), Records())


def demonstrations(task: Task, count: int) -> tuple[list[dict[str, object]], list[str]]:
    rows, rng = draw_rows(task, count, seed=5), random.Random(5)
    return rows, [task.demonstrate(row, rng) for row in rows]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_seed_decides_everything(task: Task) -> None:
    assert demonstrations(task, 50) == demonstrations(task, 50)
    assert draw_rows(task, 50, seed=1) != draw_rows(task, 50, seed=2)
    assert draw_rows(task, 50, seed=1)[:20] == draw_rows(task, 20, seed=1)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_no_held_out_prompt_is_trained_on(task: Task) -> None:
    held_out = draw_rows(task, 100, seed=0, split="held-out")
    assert {split_of(str(row["prompt"])) for row in held_out} == {"held-out"}
    assert {split_of(str(row["prompt"])) for row in draw_rows(task, 300, seed=0)} == {"train"}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_everything_fits_the_policy(task: Task) -> None:
    rows, texts = demonstrations(task, 400)
    check_alphabet(str(row["prompt"]) for row in rows)
    check_alphabet(texts)
    assert max(map(len, texts)) <= 150 - max(len(str(row["prompt"])) for row in rows)
    too_long = sum(len(text) >= task.new_tokens for text in texts)
    assert too_long <= 0.1 * len(texts)


@pytest.mark.parametrize(
    ("task", "low", "high"), [(Arithmetic(), 0.70, 0.88), (Chains(), 0.50, 0.80)], ids=["arithmetic", "chains"]
)
def test_math_judge_finds_clean_answers_right_and_faulty_ones_sometimes(task: Task, low: float, high: float) -> None:
    for tried, least, most in ((task, low, high), (task.clean(), 0.8, 1.0)):
        rows, texts = demonstrations(tried, 400)
        verdicts = MathJudge().verdicts(texts, solution=[row["solution"] for row in rows])
        assert all(verdict.score is not None for verdict in verdicts)
        assert least <= sum(bool(verdict.passed) for verdict in verdicts) / len(verdicts) <= most


def test_chains_without_faults_are_all_right_and_in_format() -> None:
    faultless = Chains(slip=0, again=0, unclosed=0, untagged=0, direct=0)
    rows, texts = demonstrations(faultless, 300)
    assert all(v.passed for v in MathJudge().verdicts(texts, solution=[row["solution"] for row in rows]))
    assert all(v.passed for v in FormatJudge().verdicts(texts))
    assert set(Counter(row["terms"] for row in rows)) == {2, 3, 4}


def test_longer_chains_are_harder() -> None:
    rows, texts = demonstrations(Chains(again=0, unclosed=0, untagged=0, direct=0, slip=0.15), 1500)
    passed = [v.passed for v in MathJudge().verdicts(texts, solution=[row["solution"] for row in rows])]
    shares = {
        terms: sum(bool(p) for p, row in zip(passed, rows, strict=True) if row["terms"] == terms)
        / sum(row["terms"] == terms for row in rows)
        for terms in (2, 3, 4)
    }
    assert shares[2] > shares[3] + 0.05 > shares[4] + 0.1


def test_record_judges_agree_with_the_demonstrators() -> None:
    strict = JSONJudge(RECORD_SCHEMA, level="strict")
    plain = Records(broken=0, note=0, greeting=0, goodbye=0)
    rows, texts = demonstrations(plain, 200)
    assert texts == [row["expected"] for row in rows]
    assert all(verdict.passed for verdict in strict.verdicts(texts))
    rows, broken = demonstrations(Records(broken=1, note=0, greeting=0, goodbye=0), 200)
    equal = [text == row["expected"] for text, row in zip(broken, rows, strict=True)]
    assert not any(equal)
    _, friendly = demonstrations(Records(broken=0, greeting=1), 200)
    assert not any(verdict.passed for verdict in strict.verdicts(friendly))
