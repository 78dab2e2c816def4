"""What a batch of verdicts looks like from afar: the few numbers that a training log shows for each part."""

from __future__ import annotations

from collections.abc import Sequence

from .verdict import Verdict


def batch_metrics(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Mean score and pass rate over the rows that were scored, the share that abstained or timed out, and time.

    When every row abstains there is no mean: "score" and "passed" are left out rather than logged as NaN, which
    would spoil the average over the logging window.
    """
    count = len(verdicts)
    if not count:
        return {}
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    metrics = {
        "abstained": (count - len(scores)) / count,
        "timeouts": sum(verdict.status == "timeout" for verdict in verdicts) / count,
        "seconds": sum(verdict.seconds for verdict in verdicts),
    }
    if scores:
        metrics["score"] = sum(scores) / len(scores)
        metrics["passed"] = sum(bool(verdict.passed) for verdict in verdicts) / len(scores)
    return metrics
