"""Whatever a model writes gets a verdict: 10 000 random and hostile completions through every judge."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Any

import pytest

from jurybox.benchmarks.redteam.cases import COLUMNS
from jurybox.benchmarks.redteam.corpus import GOLDS, completions
from jurybox.benchmarks.redteam.targets import kinds_of, shipped
from jurybox.judges import Judge, Verdict

COUNT = 10_000


@pytest.fixture(scope="module")
def batch() -> dict[str, list[Any]]:
    rng = random.Random(1)
    return {
        "completions": completions(COUNT),
        **{name: [values[0]] * COUNT for name, values in COLUMNS.items()},
        "solution": [rng.choice(GOLDS) for _ in range(COUNT)],
        "is_vulnerable": [bool(place % 2) for place in range(COUNT)],
    }


@pytest.mark.slow
@pytest.mark.parametrize("judge", list(shipped()), ids=lambda judge: re.sub(r" at 0x\w+", "", repr(judge)))
def test_every_completion_gets_a_verdict(judge, batch):
    count = 1_000 if "Parrot" in repr(judge) or "Jammed" in repr(judge) else COUNT  # those are asked twice a row
    batch = {name: values[:count] for name, values in batch.items()}
    start = time.process_time()
    verdicts = judge.verdicts(**batch)
    seconds = time.process_time() - start
    assert len(verdicts) == count
    broken = [
        (
            completion if len(str(completion)) < 200 else f"{str(completion)[:80]}… ({len(str(completion))})",
            gold,
            verdict,
        )
        for completion, gold, verdict in zip(batch["completions"], batch["solution"], verdicts, strict=True)
        if not isinstance(verdict, Verdict) or verdict.status == "error"
    ]
    assert broken == []  # an isolated exception would be the judge's bug, not the completion's fault
    for verdict in verdicts[::10]:
        json.dumps(verdict.to_dict(), allow_nan=False)
        assert "\n" not in repr(verdict)
    assert seconds < 40, f"{judge!r} took {seconds:.1f} s"


def test_no_judge_is_forgotten():
    assert {kind.__name__ for kind in kinds_of(Judge)} >= {"MathJudge", "JSONJudge", "FormatJudge", "ExactJudge"}
    assert len(completions(COUNT)) == COUNT
    assert completions(50, seed=3)[0] == completions(50, seed=3)[0]
