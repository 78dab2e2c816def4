"""The tree of ordered sequences: what a node is worth to the search.

U(v) = V(v) / N(v) + C · √( ln N_parent / N(v) ) − λ · cost(v) / B          +∞ where N(v) = 0
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

Order = tuple[int, ...]
"""Chunks by their number, in the order in which they are shown."""


def node_utility(
    total: float, visits: int, parent_visits: int, cost: float, *, budget: float, C: float, lam: float
) -> float:
    """U of a node: what it gave so far, how little it was looked at, and λ times the share of the budget it takes.

    >>> round(node_utility(1.5, 3, 10, 300, budget=1024, C=2.0, lam=0.2), 4)
    2.1936
    """
    if not visits:
        return inf
    return total / visits + C * math.sqrt(math.log(parent_visits) / visits) - lam * cost / budget


@dataclass(eq=False)
class Node:
    """A sequence. `score`: W, None where nobody could say; `total` V and `visits` N; `children` None: not expanded."""

    order: Order = ()
    cost: float = 0.0
    score: float | None = None
    total: float = 0.0
    visits: int = 0
    parent: Node | None = None
    children: list[Node] | None = None
    exhausted: bool = False

    def up(self) -> Iterator[Node]:
        """This node and those above it."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def below(self) -> Iterator[Node]:
        """All nodes under this one, each before its children, in the order in which they were made."""
        for child in self.children or ():
            yield child
            yield from child.below()

    def exhaust(self) -> None:
        """Nothing can be made of this node; nor of those above it whose children are all exhausted."""
        for node in self.up():
            if node is not self and not all(child.exhausted for child in node.children or ()):
                return
            node.exhausted = True


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        order: the chunks, empty where nothing fits the budget.
        score: W of them; None of nothing.
        cost: of all of them.
        scored: sequences that were scored for it.
        root: of a tree search, its tree.
    """

    order: Order = ()
    score: float | None = None
    cost: float = 0.0
    scored: int = 0
    root: Node | None = field(default=None, repr=False, compare=False)
