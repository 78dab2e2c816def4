"""What the loss of a supervised paper is handed, and what such a paper fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

Metrics = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False, slots=True)
class Demonstrations:
    """One micro-batch of b sequences, T predicted tokens wide.

    Attributes:
        logps: `(b, T)` log-probability of each token to be learned, with gradient; 0 elsewhere.
        ref_logps: the same under the frozen reference; None for an objective that needs none.
        mask: `(b, T)` 1 on the tokens to be learned.
        training: False in evaluation.
        step, max_steps: finished optimiser steps, and how many there will be.
    """

    logps: Tensor
    ref_logps: Tensor | None
    mask: Tensor
    training: bool
    step: int
    max_steps: int


class SupervisedObjective:
    """TRL's own loss of demonstrations, unless a paper replaces it."""

    needs_reference: ClassVar[bool] = True
    """Whether a frozen copy of the starting model scores the same tokens."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def loss(self, batch: Demonstrations) -> tuple[Tensor, Metrics]:
        """The loss of every token, `(b, T)`, or of every sequence, `(b,)`, and what to log about it.

        Tokens are averaged over the whole batch of an optimiser step and all processes, as TRL averages them;
        sequences over the micro-batch. A metric `()` is averaged over processes, `(b,)` over rows, `(b, T)` over
        the tokens to be learned.
        """
        raise NotImplementedError("the trainer uses TRL's own loss for an objective without one")

    def end_of_step(self, mean: Callable[[Tensor], Tensor]) -> None:
        """Called in training after the last micro-batch of an optimiser step; `mean` averages over processes."""

    def state_dict(self) -> dict[str, Any]:
        """What the objective has learned besides the weights, as plain data for the checkpoint."""
        return {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take up what `state_dict` gave."""
