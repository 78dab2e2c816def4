"""What the loss of a preference paper is handed, and what such a paper fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

Metrics = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """One micro-batch of n pairs of a chosen and a rejected completion of one prompt.

    Attributes:
        chosen_logps, rejected_logps: `(n,)` log π(y|x), summed over the completion's tokens, with gradient.
        ref_chosen_logps, ref_rejected_logps: the same under the frozen reference; 0 for an objective that needs none.
        chosen_lengths, rejected_lengths: `(n,)` tokens of each completion.
        columns: the data set's columns that the objective names, `(n,)` each.
        training: False in evaluation.
        step, max_steps: finished optimiser steps, and how many there will be.
    """

    chosen_logps: Tensor
    rejected_logps: Tensor
    ref_chosen_logps: Tensor
    ref_rejected_logps: Tensor
    chosen_lengths: Tensor
    rejected_lengths: Tensor
    columns: Mapping[str, Tensor]
    training: bool
    step: int
    max_steps: int


class PreferenceObjective:
    """TRL's own loss of pairs, unless a paper replaces it.

    class Margin(PreferenceObjective):
        columns = ("margin",)

        def loss(self, pairs):
            return (pairs["margin"] - (pairs.chosen_logps - pairs.rejected_logps)).relu(), {}
    """

    needs_reference: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ()
    """Numbers of the data set that the loss wants, one a pair."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def loss(self, pairs: Pairs) -> tuple[Tensor, Metrics]:
        """The loss of every pair, `(n,)`, and what to log about it.

        The trainer takes the mean. A metric `()` is averaged over processes, `(n,)` over pairs.
        """
        raise NotImplementedError("the trainer uses TRL's own loss for an objective without one")
