"""The base of every judge of two answers: it asks both orders, and says when they disagree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Self

from ..apart import apart
from ..blame import nobody_answered
from ..errors import Miscounted
from ..judge import exception
from ..verdict import Verdict
from ..written import Written
from .debias import p_win_of_orders
from .pair import OTHER, PLACES, Pair, Place

_NO_NUMBER = ("not a finite number", "not a probability")


class PairwiseJudge(Written, ABC):
    """Compares two answers. Subclasses say in `_first_wins` how probably the one that is *shown first* is better.

    >>> class Longer(PairwiseJudge):
    ...     symmetric = True
    ...     def _first_wins(self, pairs):
    ...         return [Verdict(float(len(pair.first) > len(pair.second))) for pair in pairs]
    >>> Longer().compare("Why?", "because of this", "so")
    1.0

    Every pair is asked in both orders and the two are averaged, so that a preference for a place decides nothing.

    Reasons of a verdict: "better", "worse" or "even" (p_win above, below or at ½), "orders disagree" (each order
    preferred what stood in the same place); abstaining with what the subclass says, or "exception".
    Its evidence: `p12`, that the first answer wins when shown first, and `p21`, that the second wins when shown first.

    An answer that breaks the judge has lost, and other pairs are compared without it: where the judge raises on a pair,
    or gives no finite number, it is asked to compare each of the answers with itself, and the one with which it breaks
    again did it (`spoilt_by` in the evidence). Where both do, the judge is broken, and abstains.

    Class attributes that a subclass may set:
        name: in logs.
        columns: columns of the data set that must be there.
        symmetric: the order makes no difference to this judge, so one is enough.
    """

    name: str = "pairwise"
    columns: tuple[str, ...] = ()
    symmetric: bool = False

    @abstractmethod
    def _first_wins(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """For each pair, in this order only, the probability that the first is better; a verdict may abstain."""

    def compare(self, prompt: Any, a: Any, b: Any, **columns: Any) -> float | None:
        """p_win: the probability that a is better than b, both orders averaged; None when the judge abstains."""
        return self.verdicts([Pair(prompt, a, b, columns)])[0].score

    def verdicts(self, pairs: Sequence[Pair], *, swap_average: bool = True) -> list[Verdict]:
        """For each pair the probability that its first answer is better.

        swap_average: False asks one order only; then the judge's preference for a place is part of the number.
        """
        both = swap_average and not self.symmetric
        asked = [*pairs, *(pair.swapped() for pair in pairs)] if both else list(pairs)
        said = self._asked(asked)
        if not both:
            return [_named(verdict, {"p12": verdict.score}) for verdict in said]
        return [_averaged(*orders) for orders in zip(said[: len(pairs)], said[len(pairs) :], strict=True)]

    def _asked(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """What the subclass says; an answer with which it breaks has lost, and the log says why."""
        said = apart(self._counted, pairs) if pairs else []
        return [self._settled(pair, one) for pair, one in zip(pairs, said, strict=True)]

    def _counted(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        said = self._first_wins(pairs)
        if len(said) != len(pairs):
            raise Miscounted(f"{self.name} returned {len(said)} verdicts for {len(pairs)} pairs")
        return said

    def _settled(self, pair: Pair, said: Verdict | Exception) -> Verdict:
        """The verdict; where there is none, whose fault that is."""
        verdict = exception(self.name, said) if isinstance(said, Exception) else said
        if verdict.score is not None or (verdict.reason not in _NO_NUMBER and not isinstance(said, Exception)):
            return verdict
        if isinstance(said, Exception) and nobody_answered(said):
            return verdict
        broken: list[Place] = [place for place in PLACES if not self._bears(pair, getattr(pair, place))]
        spoilers = broken or PLACES  # neither by itself: it is their being compared
        p_win = None if len(broken) == 2 else pair.lost_by(*spoilers)
        if p_win is None:
            return verdict
        return Verdict(p_win, reason=verdict.reason, evidence={"spoilt_by": list(spoilers), **verdict.evidence})

    def _bears(self, pair: Pair, answer: Any) -> bool:
        """Whether the judge can compare an answer with itself."""
        (said,) = apart(self._counted, [Pair(pair.prompt, answer, answer, pair.columns)])
        return isinstance(said, Verdict) and said.score is not None

    def require(self, given: Iterable[str]) -> None:
        """Raise MissingColumn when a column that this judge reads is not among the given ones."""

    def close(self) -> None:
        """Give back what the judge holds; nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _averaged(original: Verdict, swapped: Verdict) -> Verdict:
    """One verdict from those of both orders; it abstains when one of them does."""
    if original.score is None or swapped.score is None:
        return original if original.score is None else swapped
    p12, p21 = original.score, swapped.score
    seconds = original.seconds + swapped.seconds
    evidence = {**original.evidence, **_spoilt(original, swapped)}
    averaged = Verdict(p_win_of_orders(p12, p21), evidence=evidence, seconds=seconds)
    return _named(averaged, {"p12": p12, "p21": p21}, disagree=(p12 - 0.5) * (p21 - 0.5) > 0)


def _spoilt(original: Verdict, swapped: Verdict) -> dict[str, list[Place]]:
    """By which answers either order was spoilt."""
    by = {*original.evidence.get("spoilt_by", ()), *(OTHER[place] for place in swapped.evidence.get("spoilt_by", ()))}
    return {"spoilt_by": sorted(by)} if by else {}


def _named(verdict: Verdict, evidence: dict[str, Any], *, disagree: bool = False) -> Verdict:
    p_win = verdict.score
    if p_win is None:
        return verdict
    reason = "orders disagree" if disagree else "better" if p_win > 0.5 else "worse" if p_win < 0.5 else "even"
    return verdict.replace(reason=reason, evidence={**verdict.evidence, **evidence}, passed=p_win >= 0.5)
