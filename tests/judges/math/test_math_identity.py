"""An answer identical to the gold answer is right, whatever it is; another one of the list is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

from jurybox.judges import MathJudge

HERE = Path(__file__).parent
TEXTBOOK = [line for line in (HERE / "textbook_golds.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


def golds() -> list[str]:
    """Every gold answer of the case files, those of other projects too where `JURYBOX_DATA` names their folder."""
    files = [*HERE.glob("**/*.jsonl"), HERE.parents[1] / "golden" / "math_cases.jsonl"]
    if folder := os.environ.get("JURYBOX_DATA"):
        files += Path(folder).parent.glob("*/*math*.jsonl")
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = {str(row["gold"]) for row in rows if "gold" in row}
    return sorted(gold for gold in found | set(TEXTBOOK) if gold.strip())


def test_the_gold_answer_boxed_is_right() -> None:
    every = golds()
    assert len(every) > 1000
    for before, after in ((r"Working it out, the result is $\boxed{", "}$."), (r"\boxed{", "}")):
        verdicts = MathJudge().verdicts([before + gold + after for gold in every], solution=every)
        wrong = [(gold, verdict) for gold, verdict in zip(every, verdicts, strict=True) if verdict.passed is False]
        assert wrong == []
        assert sum(verdict.passed is None for verdict in verdicts) < 5  # golds with nothing to compare


def test_the_gold_answer_of_another_problem_is_wrong() -> None:
    others = TEXTBOOK[7:] + TEXTBOOK[:7]  # neighbours in the list may say the same
    verdicts = MathJudge().verdicts([rf"\boxed{{{other}}}" for other in others], solution=TEXTBOOK)
    equal = {gold for gold, verdict in zip(TEXTBOOK, verdicts, strict=True) if verdict.passed}
    assert equal == {r"\boxed{5}", r"We have $x=5$, so the answer is $\boxed{5}$."}
