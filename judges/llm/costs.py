"""What judging with a model costs: requests, tokens, failures."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..verdict import Verdict

SUMMED = ("requests", "prompt_tokens", "completion_tokens", "cached")


class Costs(Counter[str]):
    """Running totals, safe to add to from several threads."""

    _lock = threading.Lock()  # of all of them: an addition takes microseconds

    def add(self, other: Counter[str]) -> None:
        """Add a batch."""
        with self._lock:
            self.update(other)


def costs_of(verdicts: Iterable[Verdict]) -> Counter[str]:
    """The costs of a batch, read from the evidence; rows that share a verdict were asked about once."""
    costs: Counter[str] = Counter()
    for verdict in {id(verdict): verdict for verdict in verdicts}.values():
        evidence: dict[str, Any] = dict(verdict.evidence)
        costs.update({name: int(evidence[name]) for name in SUMMED if name in evidence})
        if "failed" in evidence:
            costs.update(["failed", f"failed/{evidence['failed']}"])
        if "spoilt_by" in evidence:
            costs.update(["spoilt", f"spoilt/{verdict.reason}"])
    return costs
