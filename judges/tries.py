"""Sample until the judge says yes: the best of a few tries, whatever it is that is sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .verdict import Verdict

Candidate = TypeVar("Candidate")


@dataclass(frozen=True)
class Tried(Generic[Candidate]):
    """What came of it.

    Attributes:
        candidate: the one that was accepted, or the best of those rejected; None where the judge abstained.
        verdict: on it; of an abstention, the verdict that abstained.
        accepted: None where the judge abstained, which is no rejection.
        tries: how many were judged; one on which the judge abstained is not counted.
        verdicts: all of them, in order.
    """

    candidate: Candidate | None
    verdict: Verdict
    accepted: bool | None
    tries: int
    verdicts: tuple[Verdict, ...]


def render_and_judge(
    sample: Callable[[int], Candidate],
    judge: Any,
    max_tries: int = 4,
    *,
    prompt: Any = None,
    threshold: float | None = None,
    **columns: Any,
) -> Tried[Candidate]:
    """Sample, judge, and sample again where the judge rejects; the closed loop of 3DFlowAction.

    >>> from jurybox.judges import LengthJudge
    >>> tried = render_and_judge(lambda number: "so " * (9 - number), LengthJudge(8, unit="words"))
    >>> tried.accepted, tried.tries, len(tried.candidate.split())
    (True, 2, 8)

    With a `RenderJudge` the candidates are predicted flows and what is rendered is where they end. With any other judge
    or composed reward they are completions: best-of-k that stops at the first one that is good enough. Of those that
    are rejected the best is kept (the first, of equal ones) and `accepted` is False. A judge that abstains ends the
    loop with `accepted` None: what nobody has looked at is neither carried out nor held against the sampler.

    Args:
        sample: number of the try, from 0 -> a candidate.
        judge: a judge, or a reward.
        threshold: the score that is accepted; by default what the judge says has passed.
        prompt, columns: of this one row.

    Raises:
        ValueError: no tries.
    """
    if max_tries < 1:
        raise ValueError(f"max_tries={max_tries}: give at least 1")
    verdicts: list[Verdict] = []
    best: tuple[float, Candidate, Verdict] | None = None
    for number in range(max_tries):
        candidate = sample(number)
        verdict: Verdict = judge.verdict(candidate, prompt, **columns)
        verdicts.append(verdict)
        if verdict.score is None:
            return Tried(None, verdict, None, number, tuple(verdicts))
        if verdict.passed if threshold is None else verdict.score >= threshold:
            return Tried(candidate, verdict, True, number + 1, tuple(verdicts))
        if best is None or verdict.score > best[0]:
            best = (verdict.score, candidate, verdict)
    assert best is not None  # there was a try
    return Tried(best[1], best[2], False, max_tries, tuple(verdicts))
