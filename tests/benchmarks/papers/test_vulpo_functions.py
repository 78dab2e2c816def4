"""The functions and reports of VULPO's experiment: pairs that differ in one check, and a rule that knows it."""

from __future__ import annotations

import random
import re

from jurybox.benchmarks.papers.vulpo.experiments import JUDGE, label_match
from jurybox.benchmarks.papers.vulpo.functions import Reports, held_out_pairs
from jurybox.benchmarks.playground import check_alphabet, draw_rows
from jurybox.judges.vulnerability import format_valid

TASK = Reports()


def graded(texts: list[str], rows: list[dict[str, object]]) -> list[float | None]:
    columns = {name: [row[name] for row in rows] for name in ("is_vulnerable", "buffer", "index")}
    return [verdict.score for verdict in JUDGE.verdicts(texts, **columns)]


def test_the_members_of_a_pair_differ_in_one_check() -> None:
    for vulnerable, patched in held_out_pairs(TASK, 20):
        check = re.compile(rf"if\({vulnerable['index']}<\d\)(?={vulnerable['buffer']}\[)")
        assert check.sub("", str(patched["prompt"])) == vulnerable["prompt"]
        assert len(check.findall(str(patched["prompt"]))) == 1


def test_held_out_pairs_are_not_trained_on() -> None:
    training = {row["prompt"] for row in draw_rows(TASK, 500, seed=0)}
    assert not training & {row["prompt"] for pair in held_out_pairs(TASK, 48) for row in pair}


def test_the_right_report_is_right_and_the_usual_one_says_nothing() -> None:
    rng = random.Random(0)
    rows = [row for pair in held_out_pairs(TASK, 48) for row in pair]
    right = [TASK.clean().demonstrate(row, rng) for row in rows]
    check_alphabet([*right, *(str(row["prompt"]) for row in rows)])
    assert max(map(len, right)) < TASK.new_tokens
    assert all(map(format_valid, right))
    vulnerable = [row["is_vulnerable"] for row in rows]
    expected = [1.0 if label else 1 / 3 for label in vulnerable]  # of a patched function only the prediction is graded
    assert graded(right, rows) == expected
    assert label_match(right, vulnerable) == [1.0] * len(rows)
    usual = [TASK.demonstrate(row, rng) for row in rows]
    assert 0.8 < sum("NO_VUL" in text for text in usual) / len(usual) < 1.0


def test_what_the_rule_calls_partly_right() -> None:
    vulnerable, patched = held_out_pairs(TASK, 1)[0]
    texts = [
        f"<think>{vulnerable['index']}</think>HAS_VUL {vulnerable['buffer']}x",
        "<think></think>HAS_VUL",
        f"<think>{vulnerable['index']}</think>NO_VUL {vulnerable['buffer']}",
    ]
    assert graded(texts, [vulnerable] * 3) == [(1 + 0.5 + 1) / 3, 1 / 3, 0.0]
    assert graded(texts[:1], [patched]) == [0.0]
