"""Every paper that learns from a data set, with what it takes to train it on the tiny model; `test_offline_papers.py`
puts each to the same tests. A new paper is one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jurybox.judges.pairwise import ComparisonForm
from jurybox.trainers.papers.dpo import DPOConfig, DPOTrainer
from jurybox.trainers.papers.f_dpo import FDPOConfig, FDPOTrainer
from jurybox.trainers.papers.implicit_reward import FSFTConfig, FSFTTrainer
from jurybox.trainers.papers.pairwise_rl import PairwiseRMConfig, PairwiseRMTrainer
from jurybox.trainers.papers.rso import RSOConfig, RSOTrainer

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


class LetterRMTrainer(PairwiseRMTrainer):
    """With verdicts that are one token each to the tiny tokenizer."""

    ref_model = None  # there is no reference

    def __init__(self, *args: Any, **named: Any) -> None:
        form = ComparisonForm("", "\n1: ", "\n2: ", "\nIs 1 better? ", yes="Y", no="N")
        super().__init__(*args, form=form, **named)


@dataclass(frozen=True)
class OfflinePaper:
    """How to build a paper's trainer: `rows` makes its data set, `settings` go to its config; `like` as in `Paper`."""

    trainer: type[Any]
    config: type[Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[[], Rows] = pairs
    like: str = ""


OFFLINE_PAPERS = {
    "dpo": OfflinePaper(DPOTrainer, DPOConfig),
    "dpo-ipo": OfflinePaper(DPOTrainer, DPOConfig, {"ipo": True, "learning_rate": 1e-3}, like="dpo"),
    "f-dpo-forward-kl": OfflinePaper(FDPOTrainer, FDPOConfig, {"divergence": "forward_kl"}, like="dpo"),
    "f-sft": OfflinePaper(FSFTTrainer, FSFTConfig, {"baseline": "shared"}, demonstrations),
    "f-sft-sequence": OfflinePaper(
        FSFTTrainer, FSFTConfig, {"level": "sequence", "divergence": "squared_hellinger"}, demonstrations
    ),
    "pairwise-rm": OfflinePaper(LetterRMTrainer, PairwiseRMConfig, {"learning_rate": 0.02}),
    "rso-hinge": OfflinePaper(RSOTrainer, RSOConfig, {"loss": "hinge", "learning_rate": 0.3}),
    "rso-hinge-norm": OfflinePaper(RSOTrainer, RSOConfig, {"loss": "hinge_norm"}, like="rso-hinge"),
}

OFFLINE_SHAPES = {name: paper for name, paper in OFFLINE_PAPERS.items() if not paper.like}
