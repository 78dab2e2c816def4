"""Where AEPO branches: the entropy of a step, how many rollouts start at the root, and the chance of a branch.

    H = −Σ_{t ≤ 20} Σ_{top 10} p log p / log V                  of the first tokens of a segment
    m = clamp( ⌊k · σ(β (H_root − mean H_tool))⌋ + 1, 1, k )    rollouts from the root; k − m are branches
    p = (u + w (H − H_first)) · max(0, 1 − 0.05 l),   u ~ U(0, 1)   a chain branches where p ≥ 0.5

l is how many rounds in a row the prompt has branched: without it a few chains take the whole budget.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

from ...objectives import require_within

Reduce = Literal["sum", "mean"]


def step_entropy(
    top_logprobs: Sequence[Sequence[float]], vocab_size: int, max_tokens: int = 20, reduce: Reduce = "sum"
) -> float:
    """H of a segment from the likeliest tokens' log-probabilities at each of its tokens; 0 for an empty one.

    >>> round(step_entropy([[math.log(0.5)] * 2] * 3, vocab_size=4), 6)
    1.5

    reduce: "sum" over the tokens, as the released code has it; "mean" for a number that does not grow with them.

    Raises:
        ValueError: a vocabulary below 2, no tokens to look at, or an unknown reduce.
    """
    if vocab_size < 2 or max_tokens < 1:
        raise ValueError(f"vocab_size={vocab_size}, max_tokens={max_tokens}: give 2 or more, and 1 or more")
    if reduce not in ("sum", "mean"):
        raise ValueError(f"reduce={reduce!r}: give 'sum' or 'mean'")
    used = top_logprobs[:max_tokens]
    nats = -math.fsum(math.exp(logp) * logp for token in used for logp in token if logp > -math.inf)
    return nats / math.log(vocab_size) / (max(len(used), 1) if reduce == "mean" else 1)


class Budget(NamedTuple):
    """How a prompt's k rollouts are split: m from the root, the others branches. `share` is the sigmoid."""

    roots: int
    branches: int
    share: float


def global_budget(root_entropy: float, tool_entropies: Sequence[float], budget: int, beta: float = 0.5) -> Budget:
    """More rollouts from the root where the question is unsure, more branches where the tools' results are.

    >>> global_budget(0.2, [2.0, 3.0], 16).roots, global_budget(1.0, [1.0], 16).roots, global_budget(1.0, [], 7).roots
    (4, 9, 4)

    tool_entropies: of all segments of one rollout with tools; without any they count as that of the root.

    Raises:
        ValueError: no budget, β below 0, or an entropy that is no number.
    """
    require_within(1, math.inf, budget=budget)
    require_within(0.0, math.inf, beta=beta)
    after = fmean(tool_entropies) if tool_entropies else root_entropy
    require_within(-math.inf, math.inf, root_entropy=root_entropy, tool_entropies=after)
    x = beta * (root_entropy - after)
    share = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
    roots = min(max(math.floor(budget * share) + 1, 1), budget)
    return Budget(roots, budget - roots, share)


@dataclass(frozen=True)
class BranchRule:
    """When a chain branches.

    >>> rule = BranchRule()
    >>> round(rule.probability(0.55, 0.3, 0.3, 3), 4), rule(0.55, 0.3, 0.3, 3), rule(0.5, 0.3, 0.3, 0)
    (0.4675, False, True)

    Attributes:
        entropy_weight: w. penalty: what a round of branching in a row costs. threshold: of p.
    """

    entropy_weight: float = 0.2
    penalty: float = 0.05
    threshold: float = 0.5

    def __post_init__(self) -> None:
        require_within(0.0, math.inf, entropy_weight=self.entropy_weight, penalty=self.penalty)
        require_within(0.0, 1.0, threshold=self.threshold)

    def probability(self, u: float, entropy: float, first_entropy: float, consecutive: int) -> float:
        """p: u a number in [0, 1]; the chain's entropy now and at its first step; l."""
        kept = max(0.0, 1 - self.penalty * consecutive)
        return min(max((u + self.entropy_weight * (entropy - first_entropy)) * kept, 0.0), 1.0)

    def __call__(self, u: float, entropy: float, first_entropy: float, consecutive: int) -> bool:
        """Whether it branches."""
        return self.probability(u, entropy, first_entropy, consecutive) >= self.threshold


def consecutive_counter(branched: Sequence[bool]) -> tuple[list[int], int]:
    """l as used in each round, and after the last: one more behind a round that made a rollout, else 0.

    >>> consecutive_counter([True, True, False, True])
    ([0, 1, 2, 0], 1)
    """
    counts = [0]
    for did in branched:
        counts.append(counts[-1] + 1 if did else 0)
    return counts[:-1], counts[-1]
