"""W of ordered sequences, each asked for once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .tree import Order

ScoreOrders = Callable[[list[Order]], Sequence[float | None]]
ScoreTexts = Callable[[str, list[list[str]]], Sequence[float | None]]
"""(query, sequences of chunks) -> a number each; None where it cannot be said."""


class Memory:
    """Asks about sequences in one batch, and about none twice. None, NaN and infinity are no score.

    score: a function of orders. costs: of the chunks; `budget` in the same unit.

    Raises:
        ValueError: no positive budget, a negative cost, or another number of scores than of sequences.
    """

    def __init__(self, score: ScoreOrders, costs: Sequence[float], budget: float) -> None:
        if not budget > 0:
            raise ValueError(f"budget={budget}: give a positive number, in the unit of the costs")
        if not all(cost >= 0 for cost in costs):
            raise ValueError(f"costs are 0 or more, not {min(costs)}")
        self.costs, self.budget = list(costs), budget
        self._score = score
        self.known: dict[Order, float | None] = {}

    def ask(self, orders: Sequence[Order]) -> list[float | None]:
        """W of each."""
        new = [order for order in dict.fromkeys(orders) if order not in self.known]
        if new:
            scores = self._score(new)
            if len(scores) != len(new):
                raise ValueError(f"the score function gave {len(scores)} numbers for {len(new)} sequences")
            self.known |= {order: _number(score) for order, score in zip(new, scores, strict=True)}
        return [self.known[order] for order in orders]

    def cost(self, order: Order) -> float:
        """Of all its chunks."""
        return sum(self.costs[chunk] for chunk in order)

    def longer(self, order: Order, within: bool = True) -> list[Order]:
        """The order with each remaining chunk behind it, those that fit the budget or all."""
        left = [chunk for chunk in range(len(self.costs)) if chunk not in order]
        spent = self.cost(order)
        return [(*order, c) for c in left if not within or spent + self.costs[c] <= self.budget]


def of_texts(score: ScoreTexts, query: str, chunks: Sequence[str]) -> ScoreOrders:
    """A score of texts as one of orders."""
    return lambda orders: score(query, [[chunks[chunk] for chunk in order] for order in orders])


def of_reward(reward: Any, join: str = "\n\n", **columns: Any) -> ScoreTexts:
    """Any judge or composed reward as a score: the joined chunks are its completion, the query its prompt.

    columns: one value each, the same for all sequences of a query; or use a function per query.
    """

    def score(query: str, sequences: list[list[str]]) -> list[float | None]:
        table: Mapping[str, list[Any]] = {name: [value] * len(sequences) for name, value in columns.items()}
        said = reward.verdicts([join.join(chunks) for chunks in sequences], [query] * len(sequences), **table)
        return [verdict.score for verdict in said]

    return score


def _number(score: float | None) -> float | None:
    return float(score) if score is not None and math.isfinite(score) else None
