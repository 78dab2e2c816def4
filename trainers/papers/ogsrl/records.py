"""What was recorded, and what a model makes of a question about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Records:
    """n recorded steps, in any order.

    state, next_state: `(n, S)`, or `(n,)` numbers of states. action: `(n, A)`, or `(n,)` numbers of actions. reward,
    cost: `(n,)` of the step. terminal: `(n,)`, whether the episode was over after it.

    Raises:
        ValueError: not as many of each, or a cost below 0, with which no limit would ever bind.
    """

    state: NDArray
    action: NDArray
    next_state: NDArray
    reward: Floats
    cost: Floats
    terminal: Flags

    def __post_init__(self) -> None:
        lengths = {item.name: len(getattr(self, item.name)) for item in fields(self)}
        if len(set(lengths.values())) != 1 or not lengths["state"]:
            raise ValueError(f"records are as many of each, and at least one: {lengths}")
        if not (self.cost >= 0).all():
            raise ValueError("a cost is 0 or more: with a negative one the limit would never be reached")

    def __len__(self) -> int:
        return len(self.reward)

    def rows(self, index: NDArray[np.int64]) -> Records:
        """Some of them."""
        return Records(*(getattr(self, item.name)[index] for item in fields(self)))


class Model(Protocol):
    """A model of the patient that was fitted on records."""

    records: Records

    def look_up(self, state: NDArray, action: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
        """`(m,)` the record that says what comes of each state and action."""
        ...


class Support(Protocol):
    """The region that records support."""

    def outside(self, state: NDArray, action: NDArray) -> Flags:
        """`(m,)` whether each state and action is out of it."""
        ...
