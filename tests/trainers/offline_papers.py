"""Every paper that learns from a data set, with what it takes to train it on the tiny model; `test_offline_papers.py`
puts each to the same tests. A new paper is one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jurybox.trainers.dpo import DPOConfig, DPOTrainer
from jurybox.trainers.f_dpo import FDPOConfig, FDPOTrainer
from jurybox.trainers.rso import RSOConfig, RSOTrainer

Rows = list[dict[str, Any]]


def pairs() -> Rows:
    """Sixteen preferences for the letter of the prompt, of different lengths."""
    return [
        {"prompt": f"say {c}", "chosen": c * (2 + place % 3), "rejected": "t" * (1 + place % 4) + "n"}
        for place, c in enumerate("eoeotenoeetonoot")
    ]


def demonstrations() -> Rows:
    """Sixteen answers with the letter of the prompt, of different lengths."""
    return [{"prompt": row["prompt"], "completion": row["chosen"]} for row in pairs()]


@dataclass(frozen=True)
class OfflinePaper:
    """How to build a paper's trainer: `rows` makes its data set, `settings` go to its config."""

    trainer: type[Any]
    config: type[Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[[], Rows] = pairs


OFFLINE_PAPERS = {
    "dpo": OfflinePaper(DPOTrainer, DPOConfig),
    "dpo-ipo": OfflinePaper(DPOTrainer, DPOConfig, {"ipo": True, "learning_rate": 1e-3}),
    "f-dpo-forward-kl": OfflinePaper(FDPOTrainer, FDPOConfig, {"divergence": "forward_kl"}),
    "rso-hinge": OfflinePaper(RSOTrainer, RSOConfig, {"loss": "hinge", "learning_rate": 0.3}),
    "rso-hinge-norm": OfflinePaper(RSOTrainer, RSOConfig, {"loss": "hinge_norm"}),
}
