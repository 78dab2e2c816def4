"""Monte-Carlo tree search over ordered chunk sequences, as the paper says it and as its code does it.

                 paper (default)                             code
expansion        the children that fit B                     all remaining chunks
                 all new children are scored in one batch
back-propagation child V = W, N = 1; the largest W is        every W is added to its child and to all
                 added once to every ancestor                ancestors, N by one each
descent          max U                                       max U within B; where none fits, of all
an iteration     one expansion                               spent also where nothing is left to expand
answer           the best node of the whole tree within B, by `final`; the code may return more than B
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import pstdev
from typing import Any, Literal, get_args

from ....judges.options import one_of
from .scoring import Memory, ScoreOrders, ScoreTexts, of_texts
from .tree import Found, Node, Order, node_utility

Variant = Literal["paper", "code"]
Final = Literal["score", "mean", "utility"]
SCALED = 0.3  # C = "auto" is so many standard deviations of the scores seen


@dataclass(frozen=True)
class Settings:
    """How to search.

    Attributes:
        C: how much is explored, in units of the score; "auto": 0.3 standard deviations of the scores seen so far.
        lam: λ, how much cost counts on the way down (and in `final="utility"`, W − λ · cost / B).
        iterations: expansions.
        variant: see above.
        final: the answer has the highest own score, mean V / N, or utility.
        strict_budget: never return more than B; False, where nothing fits, the best of all.
        prune_exhausted: leave alone what cannot be extended; without it the code's variant stops at a full-depth leaf.
        ordered: False searches sets: chunks in their given order.
    """

    C: float | Literal["auto"] = "auto"
    lam: float = 0.1
    iterations: int = 30
    variant: Variant = "paper"
    final: Final = "score"
    strict_budget: bool = True
    prune_exhausted: bool | None = None
    ordered: bool = True

    def __post_init__(self) -> None:
        one_of("variant", self.variant, get_args(Variant))
        one_of("final", self.final, get_args(Final))
        if self.iterations < 0:
            raise ValueError(f"iterations={self.iterations}: give 0 or more")
        if self.C != "auto" and not self.C >= 0:
            raise ValueError(f"C={self.C}: give 0 or more, or 'auto'")

    @property
    def prunes(self) -> bool:
        """Whether what cannot be extended is left alone: as the paper's variant always does, unless told otherwise."""
        return self.variant == "paper" if self.prune_exhausted is None else self.prune_exhausted


def mcts_search(score: ScoreOrders, costs: Sequence[float], budget: float, settings: Settings | None = None) -> Found:
    """Search the orders of chunks for the best one within the budget.

    >>> scores = {(0,): 0.3, (1,): 0.8, (0, 1): 0.9, (1, 0): 0.4}
    >>> found = mcts_search(lambda orders: [scores[order] for order in orders], [5, 5], 10)
    >>> found.order, found.score, found.scored
    ((0, 1), 0.9, 4)

    score: of a list of orders, called once an expansion, never twice about one.

    Raises:
        ValueError: as `Memory`.
    """
    settings = settings or Settings()
    return _Search(Memory(score, costs, budget), settings).run()


class _Search:
    def __init__(self, memory: Memory, settings: Settings) -> None:
        self.memory, self.settings = memory, settings
        self.root = Node()

    def run(self) -> Found:
        iteration = 0
        while iteration < self.settings.iterations and not self.root.exhausted:
            leaf = self._descend()
            longer = self._longer(leaf)
            if longer:
                self._expand(leaf, longer)
            elif self.settings.prunes:
                leaf.exhaust()
                iteration -= self.settings.variant == "paper"
            iteration += 1
        best = self._best()
        scored = len(self.memory.known)
        return Found(scored=scored, root=self.root) if best is None else Found(
            best.order, best.score, best.cost, scored, self.root
        )  # fmt: skip

    def _longer(self, node: Node) -> list[Order]:
        found = self.memory.longer(node.order, within=self.settings.variant == "paper")
        return [o for o in found if self.settings.ordered or len(o) < 2 or o[-1] > o[-2]]

    def _descend(self) -> Node:
        node, budget = self.root, self.memory.budget
        constant = self._constant()
        while node.children:
            open_ones = [child for child in node.children if not child.exhausted]
            within = [child for child in open_ones if child.cost <= budget]
            parent_visits = node.visits
            node = max(
                within or open_ones,
                key=lambda child: node_utility(
                    child.total,
                    child.visits,
                    parent_visits,
                    child.cost,
                    budget=budget,
                    C=constant,
                    lam=self.settings.lam,
                ),
            )
        return node

    def _constant(self) -> float:
        if self.settings.C != "auto":
            return self.settings.C
        seen = [score for score in self.memory.known.values() if score is not None]
        return SCALED * pstdev(seen) if len(seen) > 1 else SCALED

    def _expand(self, leaf: Node, longer: list[Order]) -> None:
        scores = self.memory.ask(longer)
        leaf.children = [
            Node(order, self.memory.cost(order), score, score or 0.0, 1, leaf)
            for order, score in zip(longer, scores, strict=True)
        ]
        valid = [score for score in scores if score is not None]
        gained, visits = (max(valid, default=0.0), 1) if self.settings.variant == "paper" else (sum(valid), len(scores))
        for node in leaf.up():
            node.total += gained
            node.visits += visits

    def _best(self) -> Node | None:
        """The first of the best, a node before its children; in the code's variant ties go to more visits, depth."""
        nodes = [node for node in self.root.below() if node.score is not None]
        within = [node for node in nodes if node.cost <= self.memory.budget]
        chosen = within if within or self.settings.strict_budget else nodes
        return max(chosen, key=self._worth, default=None)

    def _worth(self, node: Node) -> tuple[float, ...]:
        assert node.score is not None
        worth = {
            "score": node.score,
            "mean": node.total / node.visits,
            "utility": node.score - self.settings.lam * node.cost / self.memory.budget,
        }[self.settings.final]
        return (worth,) if self.settings.variant == "paper" else (worth, node.visits, len(node.order))


class ChunkSearch:
    """Chooses and orders the chunks of a RAG prompt under a budget, by any score of the whole context.

        search = ChunkSearch(of_reward(reranker - 0.1 * TooLong(512)), budget=1024)
        found = search("Who wrote it?", chunks)
        context = "\\n\\n".join(found.texts)

    Args:
        score: (query, sequences of chunks) -> numbers; `of_reward` makes one of a judge or composed reward.
        budget: B, in the unit of `cost`.
        cost: of one chunk; by default its words. With a tokenizer `lambda text: len(tokenizer(text).input_ids)`.
        settings: see `Settings`.
    """

    def __init__(
        self,
        score: ScoreTexts,
        budget: float,
        *,
        cost: Callable[[str], float] = lambda text: len(text.split()),
        **settings: Any,
    ) -> None:
        self.score, self.budget, self.cost = score, budget, cost
        self.settings = Settings(**settings)

    def __call__(self, query: str, chunks: Sequence[str]) -> Chosen:
        """The best context that the search finds for a query."""
        costs = [float(self.cost(chunk)) for chunk in chunks]
        found = mcts_search(of_texts(self.score, query, chunks), costs, self.budget, self.settings)
        return Chosen(found, tuple(chunks[chunk] for chunk in found.order))


@dataclass(frozen=True)
class Chosen:
    """The chunks of a prompt: their texts in order, and how they were found."""

    found: Found
    texts: tuple[str, ...]

    @property
    def score(self) -> float:
        """W, −∞ of nothing."""
        return -inf if self.found.score is None else self.found.score
