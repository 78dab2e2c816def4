"""Sums and products of judges.

A sum  c + Σ wᵢ xᵢ  leaves a part that does not apply ("skipped") out together with its weight: the weights of the parts
that voted are rescaled to the same total, bonuses (wᵢ > 0) among bonuses and penalties (wᵢ < 0) among penalties.
Rescaling each sign by itself keeps the range of the reward where it was and can never turn a bonus into a penalty,
which one common factor would do as soon as the signed total passes through zero.

Abstaining cannot raise it. A part with a weight that failed ("error", "timeout") makes the row abstain; so does a row
on which no penalty voted, for a penalty must not vanish; and a penalty whose judge broke off on the completion is paid
in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import copysign, isfinite

from ..judges import Verdict
from .batch import Batch
from .failure import broke_off
from .reward import PRODUCT, SUM, UNARY, Reward
from .verdict import RewardVerdict


@dataclass(frozen=True, repr=False)
class Sum(Reward):
    """constant + Σ weight · part. Abstains when a part failed, and when all bonuses and penalties or all penalties do.

    Passed when every part with a positive weight that voted has passed.
    """

    terms: tuple[tuple[float, Reward], ...]
    constant: float = 0.0

    _default_name = "sum"

    @property
    def parts(self) -> tuple[Reward, ...]:
        return tuple(part for _, part in self.terms)

    @property
    def part_weights(self) -> tuple[float, ...]:
        return tuple(weight for weight, _ in self.terms)

    @property
    def precedence(self) -> int:  # type: ignore[override]
        if len(self.terms) > 1 or self.constant:
            return SUM
        return PRODUCT

    @property
    def bounds(self) -> tuple[float, float]:
        """A part may have to carry the weight of all others of its sign, and all bonuses may abstain."""
        low = high = self.constant
        bonuses, penalties = ([(w, part) for w, part in self.terms if sign * w > 0] for sign in (1.0, -1.0))
        for side in filter(None, (bonuses, penalties)):
            total = sum(weight for weight, _ in side)
            ends = [total * end for _, part in side for end in part.bounds]
            if side is bonuses and penalties:
                ends.append(0.0)
            low, high = low + min(ends), high + max(ends)
        return low, high

    def _written(self) -> str:
        pieces: list[tuple[bool, str]] = []
        for place, (weight, part) in enumerate(self.terms):
            bare = weight == 1 or (weight == -1 and place > 0)  # else Python reads w * a * b as (w * a) * b
            inner = self._inside(part, PRODUCT if bare else UNARY)
            pieces.append((weight < 0, inner if abs(weight) == 1 else f"{_plain(abs(weight))} * {inner}"))
        if self.constant and all(negative for negative, _ in pieces):
            pieces.insert(0, (self.constant < 0, _plain(abs(self.constant))))
        elif self.constant:
            pieces.append((self.constant < 0, _plain(abs(self.constant))))
        (negative, text), *rest = pieces
        text = f"-{text}" if negative else text
        return text + "".join(f" {'-' if minus else '+'} {piece}" for minus, piece in rest)

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        weights = [weight * part.factor(batch.step) for weight, part in self.terms]
        voted = [
            (own, weight, part)
            for (own, _), weight, part in zip(self.terms, weights, parts, strict=True)
            if part.score is not None
        ]
        if failed := self._failed(parts, weights):
            return self._say(None, None, parts, f"{failed} abstains")
        if not voted or (any(weights) and not any(weight for _, weight, _ in voted)):
            return self._say(None, None, parts, "every part abstains")
        if min(weights) < 0 <= min(weight for _, weight, _ in voted):
            return self._say(None, None, parts, "every penalty abstains")
        score = self.constant
        for place, part in enumerate(parts):
            if part.score is not None:
                score += _share(weights[place], weights, voted) * self._term(place, part, batch.step)
        bonuses = [part.passed for _, weight, part in voted if weight > 0]
        passed = all(bonuses) if bonuses else score >= self.bounds[1]
        reason = "" if len(voted) == len(parts) else f"{len(voted)} of {len(parts)} parts voted"
        return self._say(score, passed, parts, reason)

    def _failed(self, parts: tuple[Verdict, ...], weights: list[float]) -> str | None:
        """The first part with a weight that abstains because it failed."""
        for name, part, weight in zip(self.part_names, parts, weights, strict=True):
            if weight and part.abstains and part.status != "skipped":
                return name
        return None

    def _term(self, place: int, verdict: Verdict, step: int) -> float:
        """weight · score; of a penalty whose judge broke off, the most it can cost."""
        own, part = self.terms[place]
        if own < 0 and broke_off(verdict):
            return own * part.most(step)
        return own * verdict.score  # type: ignore[operator]


def _share(weight: float, weights: list[float], voted: list[tuple[float, float, Verdict]]) -> float:
    """By how much a part's weight grows when others of its sign abstain."""
    if not weight:
        return 1.0
    sign = copysign(1.0, weight)
    total = sum(sign * w for w in weights if sign * w > 0)
    return total / sum(sign * w for _, w, _ in voted if sign * w > 0)


@dataclass(frozen=True, repr=False)
class Product(Reward):
    """Π partᵢ. Zero when some part is 0, whatever abstains beside it; else abstains when some part does.

    The 0 of a judge that broke off is such a zero only where no other factor can make the product negative.
    """

    factors: tuple[Reward, ...]

    precedence = PRODUCT
    _default_name = "product"

    @property
    def parts(self) -> tuple[Reward, ...]:
        return self.factors

    @property
    def bounds(self) -> tuple[float, float]:
        return _product([part.bounds for part in self.factors])

    def _written(self) -> str:
        first, *rest = self.factors
        return " * ".join([self._inside(first, PRODUCT), *(self._inside(part, UNARY) for part in rest)])

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        silent = [place for place, part in enumerate(parts) if part.score is None]
        zeros = [place for place, part in enumerate(parts) if part.score == 0]
        sure = [place for place in zeros if not broke_off(parts[place])]
        if sure or (silent and zeros and self._least(parts) >= 0.0):
            return self._say(0.0, False, parts, f"{self.part_names[(sure or zeros)[0]]} is 0")
        if silent:
            return self._say(None, None, parts, f"{self.part_names[silent[0]]} abstains")
        return self._say(self._least(parts), all(part.passed for part in parts), parts)

    def _least(self, parts: tuple[Verdict, ...]) -> float:
        """The least that the product can be: a part that broke off, or abstains, may be anything in its range."""
        ends = [
            node.bounds if part.score is None or broke_off(part) else (part.score, part.score)
            for node, part in zip(self.factors, parts, strict=True)
        ]
        return _product(ends)[0]


def _product(ends: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """The least and the greatest product of one number from each interval."""
    low, high = 1.0, 1.0
    for interval in ends:
        corners = [a * b if a and b else 0.0 for a in (low, high) for b in interval]
        low, high = min(corners), max(corners)
    return low, high


def _plain(number: float) -> str:
    return repr(int(number)) if isfinite(number) and number == int(number) else repr(number)
