"""The benchmark's batch is what it says, and the judge is right on every row of it."""

from __future__ import annotations

from jurybox.benchmarks.judges.math import PROBLEMS, batch, count_right
from jurybox.judges import MathJudge


def test_the_batch_has_the_advertised_mixture() -> None:
    data = batch()
    golds = {gold for gold, _, _ in PROBLEMS}
    identical = sum(rf"\boxed{{{gold}}}" in text for text, gold in zip(data.completions, data.golds, strict=True))
    assert (len(data.right), len(golds), identical) == (128, 8, 64)
    assert sum(data.right) == 64 + 24
    assert sum(r"\boxed" not in text for text in data.completions) == 2
    assert 1000 < sum(map(len, data.completions)) / 128 < 1400
    assert batch() == data


def test_the_judge_is_right_on_every_row() -> None:
    data = batch()
    scores = MathJudge()(completions=data.completions, solution=data.golds)
    assert count_right(scores, data) == 128
    assert count_right([0.0] * 128, data) == 40
