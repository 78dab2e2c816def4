"""Statistical rejection sampling: of many answers of a policy, a few that follow the policy one would like to have.

    π_r(y|x) ∝ π_sft(y|x) · exp( r(x, y) / β )                   the policy that pairs should come from
    P(accept y) = exp( (r(x, y) − r_max) / β )                    r_max over the candidates that are not yet accepted

"Statistical Rejection Sampling Improves Preference Optimization", arXiv 2309.06657, Algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@runtime_checkable
class Uniforms(Protocol):
    """What draws from [0, 1): `random.Random`, NumPy's generator."""

    def random(self) -> float:
        """The next number."""


@dataclass(frozen=True)
class Accepted:
    """Which candidates were accepted, and what it took.

    Attributes:
        indices: in the order of acceptance.
        uniforms: numbers drawn, one for each candidate looked at.
        passes: walks over the pool, the last of which may have been cut short; 0 for β = 0, where nothing is drawn.
        unscored: candidates without a reward, which took no part.
    """

    indices: tuple[int, ...]
    uniforms: int
    passes: int
    unscored: int


def rejection_sample(
    rewards: Sequence[float | None],
    num_samples: int,
    beta: float,
    rng: Uniforms | Iterable[float],
    *,
    allow_fewer: bool = False,
) -> Accepted:
    """Accept `num_samples` of the candidates that have these rewards.

    >>> rejection_sample([1.0, 2.0, 0.0, -1.0], 3, 0.5, [0.9, 0.05, 0.5, 0.001, 0.3])
    Accepted(indices=(1, 3, 0), uniforms=5, passes=2, unscored=0)

    rewards: in sampling order; None for a candidate that nobody could judge. A constant added to all of them changes
    nothing, a factor does: it acts like one on 1/β.
    beta: the sampling temperature β. Large: the first ones in order; 0: the best ones, ties in order.
    rng: a generator, or the numbers to use, in order.
    allow_fewer: accept all where there are fewer than `num_samples`.

    Equal answers are candidates of their own here: merge them before, if they should count once.

    Raises:
        ValueError: a reward that is not finite, β < 0, fewer candidates than asked for, too few numbers, or numbers
            that are not from [0, 1).
    """
    pool = _scored(rewards)
    _require_temperature(beta)
    if num_samples < 1:
        raise ValueError(f"num_samples={num_samples}: give 1 or more")
    if len(pool) < num_samples and not allow_fewer:
        raise ValueError(
            f"num_samples={num_samples}, but there are {len(pool)} candidates with a reward: sample more, or set "
            "allow_fewer=True"
        )
    wanted, unscored = min(num_samples, len(pool)), len(rewards) - len(pool)
    if beta == 0:
        best = sorted(pool, key=lambda index: -pool[index])  # sorting keeps the order of ties
        return Accepted(tuple(best[:wanted]), 0, 0, unscored)
    draw, accepted, uniforms, passes = _drawing(rng), list[int](), 0, 0
    while len(accepted) < wanted:
        passes += 1
        r_max = max(pool.values())  # of this pass, not of what is left after each acceptance
        for index, reward in pool.items():
            uniforms += 1
            if draw() < math.exp((reward - r_max) / beta):
                accepted.append(index)
                if len(accepted) == wanted:
                    break
        pool = {index: reward for index, reward in pool.items() if index not in accepted}
    return Accepted(tuple(accepted), uniforms, passes, unscored)


def acceptance_probabilities(rewards: Sequence[float], beta: float) -> list[float]:
    """How likely each candidate is to be accepted when it is looked at in the first pass.

    >>> [round(p, 4) for p in acceptance_probabilities([1.0, 2.0, 0.0], 0.5)]
    [0.1353, 1.0, 0.0183]
    """
    _require_temperature(beta)
    scored = _scored(rewards)
    r_max = max(scored.values(), default=0.0)
    if beta == 0:
        return [float(reward == r_max) for reward in scored.values()]
    return [math.exp((reward - r_max) / beta) for reward in scored.values()]


def _scored(rewards: Sequence[float | None]) -> dict[int, float]:
    """The rewards by place, without the missing ones. NaN would be accepted by a comparison turned round."""
    scored = {index: float(reward) for index, reward in enumerate(rewards) if reward is not None}
    for index, reward in scored.items():
        if not math.isfinite(reward):
            raise ValueError(f"rewards[{index}] is {reward!r}: give finite numbers, or None where there is no reward")
    return scored


def _require_temperature(beta: float) -> None:
    if not (beta >= 0 and math.isfinite(beta)):
        raise ValueError(f"beta={beta!r}: give 0 (the best ones) or a positive sampling temperature")


def _drawing(rng: Uniforms | Iterable[float]) -> Callable[[], float]:
    if isinstance(rng, Uniforms):
        return rng.random
    numbers = iter(rng)

    def draw() -> float:
        for number in numbers:
            if not 0 <= number < 1:
                raise ValueError(f"rng has {number!r} among its uniforms: give numbers from [0, 1)")
            return number
        raise ValueError("rng has no uniforms left: one is drawn for every candidate looked at")

    return draw
