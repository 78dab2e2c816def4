"""A judge of two answers from anything that scores one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from ..verdict import Verdict
from .debias import sigmoid
from .pair import Pair
from .pairwise_judge import PairwiseJudge

OF_THE_COMPLETION = ("completion_ids",)  # columns that belong to one answer and say nothing of the other


class Scorer(Protocol):
    """A judge, or a reward."""

    @property
    def name(self) -> str: ...

    def verdicts(self, completions: Sequence[Any], prompts: Sequence[Any] | None = None, **columns: Any) -> Any: ...

    def require(self, given: Any) -> None: ...

    def close(self) -> None: ...


class Scored(PairwiseJudge):
    """p_win = σ( (score(a) − score(b)) / τ ), of a judge or a reward.

    >>> from jurybox.judges import ExactJudge
    >>> Scored(ExactJudge(), tau=0.5).compare("1+1=", "2", "3", solution="2")
    0.8807970779778823

    A score that depends on the prompt alone cancels: adding the same number to both changes nothing. The order makes
    no difference, so each answer is scored once. Where a score is missing the pair abstains with its reason.

    tau: the difference of scores that counts as e : 1; for a judge, whose scores are in [0, 1], well below 1.

    Raises:
        TypeError: the scorer is neither judge nor reward.
        ValueError: tau is not positive.
    """

    symmetric = True

    def __init__(self, scorer: Scorer, *, tau: float = 1.0) -> None:
        if not all(hasattr(scorer, method) for method in ("verdicts", "require")):
            raise TypeError(f"Scored compares by a judge or a reward, not {type(scorer).__name__}")
        if not tau > 0:
            raise ValueError(f"tau={tau}: give a positive difference of scores")
        self.scorer = scorer
        self.tau = tau
        self.name = scorer.name

    def _first_wins(self, pairs: Sequence[Pair]) -> list[Verdict]:
        names = [name for name in pairs[0].columns if name not in OF_THE_COMPLETION]
        columns = {name: [pair.columns[name] for pair in pairs] * 2 for name in names}
        answers = [pair.first for pair in pairs] + [pair.second for pair in pairs]
        said = self.scorer.verdicts(answers, [pair.prompt for pair in pairs] * 2, **columns)
        return [self._compared(*both) for both in zip(said[: len(pairs)], said[len(pairs) :], strict=True)]

    def _compared(self, first: Verdict, second: Verdict) -> Verdict:
        if first.score is None or second.score is None:
            silent = first if first.score is None else second
            return Verdict(None, silent.status, silent.reason, {"scorer": self.name})
        p = sigmoid((first.score - second.score) / self.tau)
        return Verdict(p, evidence={"first": first.score, "second": second.score})

    def require(self, given: Iterable[str]) -> None:
        self.scorer.require([name for name in given if name not in OF_THE_COMPLETION])

    def close(self) -> None:
        self.scorer.close()
