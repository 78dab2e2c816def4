"""What a tree search has to be better than, with the same scores and the same budget."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

from .scoring import Memory, ScoreOrders
from .tree import Found, Order

LARGEST = 8  # chunks whose orders are all tried


def top_k(score: ScoreOrders, costs: Sequence[float], budget: float) -> Found:
    """The chunks by their own scores until the budget is full; one that does not fit is left out."""
    memory = Memory(score, costs, budget)
    alone = memory.ask([(chunk,) for chunk in range(len(costs))])
    ranked = sorted((c for c in range(len(costs)) if alone[c] is not None), key=lambda c: (-_known(alone[c]), c))
    order: Order = ()
    for chunk in ranked:
        if memory.cost(order) + costs[chunk] <= budget:
            order = (*order, chunk)
    return _found(memory, order)


def greedy(score: ScoreOrders, costs: Sequence[float], budget: float) -> Found:
    """The chunk behind which the whole scores best, again and again, as long as that is strictly better."""
    memory = Memory(score, costs, budget)
    order: Order = ()
    best: float | None = None
    while longer := memory.longer(order):
        scores = memory.ask(longer)
        place = max(range(len(longer)), key=lambda i: _known(scores[i]))
        if scores[place] is None or (best is not None and _known(scores[place]) <= best):
            break
        order, best = longer[place], scores[place]
    return _found(memory, order)


def beam(score: ScoreOrders, costs: Sequence[float], budget: float, width: int = 2) -> Found:
    """The `width` best sequences of each length, extended to the end; the best ever seen."""
    memory = Memory(score, costs, budget)
    kept: list[Order] = [()]
    while longer := [order for one in kept for order in memory.longer(one)]:
        scores = dict(zip(longer, memory.ask(longer), strict=True))
        kept = sorted(scores, key=lambda order: -_known(scores[order]))[:width]
    return _best(memory)


def random_search(score: ScoreOrders, costs: Sequence[float], budget: float, calls: int, seed: int = 0) -> Found:
    """Random permutations filled within the budget and cut at a random length; so many different ones at most."""
    memory, rng = Memory(score, costs, budget), random.Random(seed)
    tries = 0
    while len(memory.known) < calls and tries < 50 * calls:
        tries += 1
        order: Order = ()
        for chunk in rng.sample(range(len(costs)), len(costs)):
            if memory.cost(order) + costs[chunk] <= budget:
                order = (*order, chunk)
        if order:
            memory.ask([order[: rng.randint(1, len(order))]])
    return _best(memory)


def exhaustive(score: ScoreOrders, costs: Sequence[float], budget: float) -> Found:
    """Every order that fits, shorter ones first; the first of the best.

    Raises:
        ValueError: more than 8 chunks.
    """
    if len(costs) > LARGEST:
        raise ValueError(f"{len(costs)} chunks have too many orders; {LARGEST} are the most")
    memory = Memory(score, costs, budget)
    everything = (order for length in range(1, len(costs) + 1) for order in permutations(range(len(costs)), length))
    memory.ask([order for order in everything if memory.cost(order) <= budget])
    return _best(memory)


def _known(score: float | None) -> float:
    return float("-inf") if score is None else score


def _best(memory: Memory) -> Found:
    """The first of the best sequences that were scored."""
    valid = [order for order, score in memory.known.items() if score is not None]
    return _found(memory, max(valid, key=lambda order: _known(memory.known[order]), default=()))


def _found(memory: Memory, order: Order) -> Found:
    score = memory.ask([order])[0] if order else None
    return Found(order, score, memory.cost(order), len(memory.known))
