"""The configuration every paper's extends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from trl import GRPOConfig


@dataclass
class ObjectiveConfig(GRPOConfig):
    """TRL's `GRPOConfig` with what the seam adds; a paper's config adds its own hyperparameters to it.

    Raises:
        ValueError: less than one update for a generation, or another value of a setting that is fixed.
    """

    fixed: ClassVar[Mapping[str, Any]] = {}
    """Settings of TRL's that the paper leaves no choice of; others would be ignored or make another loss."""

    whole_groups: bool = field(
        default=False,
        metadata={"help": "Keep all completions of a prompt in one micro-batch instead of shuffling rows."},
    )
    steps_per_generation: int | None = field(
        default=None, metadata={"help": "Micro-batches of a generation; updates_per_generation may set it."}
    )
    updates_per_generation: int | None = field(
        default=None,
        metadata={
            "help": "Optimiser steps that a generation is split into, unless steps_per_generation or "
            "generation_batch_size is given. Default: TRL's one."
        },
    )

    exact_micro_batches: bool = field(
        default=False,
        metadata={
            "help": "TRL's own micro-batches, to the last row and column of padding. By default the rows of an update "
            "are cut so that similar lengths stand together, rows without a gradient are left out, and no pass is "
            "wider than its rows, wherever the gradient of the update stays the same."
        },
    )

    dynamic_sampling: bool = field(
        default=False,
        metadata={
            "help": "Draw groups whose completions are all worth the same again, with fresh prompts, until the batch "
            "is full of groups that teach or max_redraws is reached. Never in evaluation."
        },
    )
    max_redraws: int = field(default=4, metadata={"help": "Rounds of dynamic_sampling after the first generation."})

    def __post_init__(self) -> None:
        if self.max_redraws < 1:
            raise ValueError(f"max_redraws={self.max_redraws}: give 1 or more, or leave dynamic_sampling off")
        for name, value in self.fixed.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{type(self).__name__} has its own terms in place of TRL's: leave {name} at {value!r}, "
                    f"not {getattr(self, name)!r}"
                )
        if self.updates_per_generation is not None and self.updates_per_generation < 1:
            raise ValueError(f"updates_per_generation={self.updates_per_generation}: give 1 or more")
        if self.updates_per_generation and self.steps_per_generation is None and self.generation_batch_size is None:
            self.steps_per_generation = self.updates_per_generation * self.gradient_accumulation_steps
        super().__post_init__()
