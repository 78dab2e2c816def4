"""The worst case over the domains of a data set: GRPO's advantages, weighted domain by domain.

    J_d = mean score of domain d,  p_d = its share of the rows
    q*  = argmin {Σ_d q_d J_d : D(q, p) <= ρ}
    w_d = q*_d / p_d,  A_i ← w_{d(i)} · A_i                  so that the mean of w over the rows is 1

By the envelope theorem Σ_d w_d p_d ∇J_d is the gradient of the worst case. The worst case itself would do nothing as a
baseline in place of the group's mean: no baseline changes the expected gradient.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ....rewards.worst_case import Divergence, robust_expectation


class Domain(NamedTuple):
    """J_d, p_d and w_d of one domain."""

    mean: float
    share: float
    weight: float


@dataclass(frozen=True)
class DomainWeights:
    """What the adversary makes of a batch.

    Attributes:
        rows: `(N,)` w of each row's domain; 1 where nothing in the domain is scored.
        value: the worst-case mean Σ q*_d J_d; NaN where nothing is scored at all.
        domains: the scored ones, in the order in which they come first.
    """

    rows: Tensor
    value: float
    domains: Mapping[Hashable, Domain]


def domain_weights(scores: Tensor, domains: Sequence[Hashable], *, divergence: Divergence, rho: float) -> DomainWeights:
    """`(N,)` scores, NaN = unscored, and N domains to the adversary's weights.

    >>> scores, domains = torch.tensor([1.0, 1.0, 0.0, 0.0]), ["easy", "easy", "hard", "hard"]
    >>> weights = domain_weights(scores, domains, divergence="tv", rho=0.2)
    >>> weights.rows
    tensor([0.6000, 0.6000, 1.4000, 1.4000])

    Shares are those of the scored rows; a row without a score has weight but no part in them.
    """
    said: defaultdict[Hashable, list[float]] = defaultdict(list)
    for domain, score in zip(domains, scores.double().tolist(), strict=True):
        if not math.isnan(score):
            said[domain].append(score)
    if not said:
        return DomainWeights(torch.ones_like(scores), math.nan, {})
    count = sum(map(len, said.values()))
    means = [math.fsum(own) / len(own) for own in said.values()]
    shares = [len(own) / count for own in said.values()]
    worst = robust_expectation(means, shares, divergence, rho)
    weights = [q / p for q, p in zip(worst.worst_case_probs, shares, strict=True)]
    found = dict(zip(said, map(Domain, means, shares, weights), strict=True))
    rows = [found[domain].weight if domain in found else 1.0 for domain in domains]
    return DomainWeights(torch.tensor(rows).to(scores), worst.value, found)
