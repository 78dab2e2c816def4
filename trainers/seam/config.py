"""The configuration every paper's extends."""

from __future__ import annotations

from dataclasses import dataclass, field

from trl import GRPOConfig


@dataclass
class ObjectiveConfig(GRPOConfig):
    """TRL's `GRPOConfig` with what the seam adds; a paper's config adds its own hyperparameters to it."""

    whole_groups: bool = field(
        default=False,
        metadata={"help": "Keep all completions of a prompt in one micro-batch instead of shuffling rows."},
    )
