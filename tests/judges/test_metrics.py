from __future__ import annotations

import math

from jurybox.judges import Verdict
from jurybox.judges.metrics import batch_metrics


def test_abstentions_count_neither_as_zero_nor_as_failures():
    verdicts = [
        Verdict(1.0, seconds=1.0),
        Verdict(0.5, seconds=0.5),
        Verdict(None, "skipped"),
        Verdict(0.0, "timeout", seconds=2.0),
    ]
    assert batch_metrics(verdicts) == {
        "score": 0.5,
        "passed": 1 / 3,
        "abstained": 0.25,
        "timeouts": 0.25,
        "seconds": 3.5,
    }


def test_no_mean_of_nothing():
    metrics = batch_metrics([Verdict(None, "error")] * 3)
    assert metrics == {"abstained": 1.0, "timeouts": 0.0, "seconds": 0.0}
    assert batch_metrics([]) == {}
    assert all(map(math.isfinite, metrics.values()))
