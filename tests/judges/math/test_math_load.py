"""The same pairs on a machine as it is and under eight busy loops: the same verdicts, reasons and timeouts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jurybox.judges import MathJudge

HERE = Path(__file__).parent
PAIRS = 500
NEED_A_WORKER = [  # the rest rarely asks sympy
    (r"\frac{\pi^2}{6}", r"\sum_{n=1}^{\infty} \frac{1}{n^2}"),
    ("1", r"\lim_{x\to 0}\frac{\sin x}{x}"),
    ("2", r"\lim_{x\to 0}\frac{\sin x}{x}"),
    (r"\nabla f", r"\nabla g"),
    (r"\ln 2", r"\sum_{n=1}^{\infty} \frac{(-1)^{n+1}}{n}"),
    ("5", r"\sum_{i=1}^{2000}\sum_{j=1}^{2000}\sum_{k=1}^{2000} \sin(ijk)"),
]


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many other processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def verdicts() -> list[tuple[float | None, str, str]]:
    rows = [json.loads(line) for line in (HERE / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = [*NEED_A_WORKER, *((row["gold"], row["answer"]) for row in rows)][:PAIRS]
    judge = MathJudge()
    found = judge.verdicts([rf"\boxed{{{answer}}}" for _, answer in pairs], solution=[gold for gold, _ in pairs])
    return [(verdict.score, verdict.status, verdict.reason) for verdict in found]


@pytest.mark.slow
def test_a_busy_machine_gives_the_same_verdicts() -> None:
    quiet = verdicts()
    assert len(quiet) == PAIRS
    assert sum(reason == "sympy" for _, _, reason in quiet) > 5
    assert sum(status == "timeout" for _, status, _ in quiet) == 1
    with busy(8):
        assert verdicts() == quiet
