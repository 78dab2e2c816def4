"""Stage 2, whatever a policy is: who is extended next, by which objective, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike

from .barrier import BETA, other_objectives, thresholds
from .points import Points
from .selection import ParetoBuffer

P = TypeVar("P")
Snapshot = tuple[Sequence[float] | Points, P]
"""An evaluated policy: its `(m,)` objective values, and itself."""


@dataclass(frozen=True, eq=False)
class Child:
    """One extension of a parent: what it was worth when it began, and what at its last snapshot.

    parent, value: `(m,)`. objective: what was raised. accepted: whether every other objective ended above its
    threshold.
    """

    objective: int
    parent: Points
    value: Points
    accepted: bool


def extend_front(
    buffer: ParetoBuffer[P],
    extend: Callable[[P, Points, int], Iterable[Snapshot[P]]],
    *,
    num_select: int,
    may_go_on: Callable[[], bool],
    beta: float = BETA,
    tell: Callable[[Child], None] = lambda child: None,
) -> list[Child]:
    """Rounds of extension until the budget is spent, or nobody is left who was not selected before.

    Every round takes the loneliest policies that are new, and extends each by each objective in turn from a fresh
    copy; all snapshots are then merged with the front.

    Args:
        buffer: the front of stage 1; it grows in place.
        extend: (parent, its values, objective) to snapshots of the constrained training, in order. It must leave the
            parent as it is.
        may_go_on: asked before each extension.
        beta: of the thresholds by which a child is said to be accepted.
        tell: hears of every child.

    Raises:
        ValueError: num_select below 1.
    """
    if num_select < 1:
        raise ValueError(f"num_select={num_select}: extend at least 1 policy a round")
    children: list[Child] = []
    while may_go_on() and (chosen := buffer.select(num_select)):
        snapshots: list[Snapshot[P]] = []
        for parent, value in [(buffer.policies[i], buffer.values[i]) for i in chosen]:
            for objective in range(len(value)):
                if not may_go_on():
                    break
                found = list(extend(parent, value, objective))
                snapshots += found
                if found:
                    children.append(_child(objective, value, np.asarray(found[-1][0], dtype=np.float64), beta))
                    tell(children[-1])
        if snapshots:
            buffer.add(np.array([value for value, _ in snapshots]), [policy for _, policy in snapshots])
    return children


def _child(objective: int, parent: Points, value: Points, beta: float) -> Child:
    return Child(objective, parent, value, keeps_others(value, parent, objective, beta))


def keeps_others(
    value: ArrayLike, parent_value: ArrayLike, objective: int, beta: float = BETA, margin: ArrayLike = 0.0
) -> bool:
    """Whether J_j ≥ th_j for every other objective, up to a margin such as the standard error of J_j.

    >>> keeps_others([0.9, 0.46], [0.4, 0.5], objective=0)
    True

    value, parent_value: `(m,)`. margin: a number or `(m,)`.
    """
    parent = torch.as_tensor(np.asarray(parent_value, dtype=np.float64))
    above = np.asarray(value) + np.asarray(margin) >= thresholds(parent, beta).numpy()
    return bool(above[other_objectives(objective, len(above))].all())
