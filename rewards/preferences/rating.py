"""What is known about candidates: a reward for each, and which of two is better."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...judges import Judge, Verdict
from ...judges.pairwise import Pair, PairwiseFunction, PairwiseJudge, logit
from ..leaf import Function, as_reward
from ..reward import Reward

SMALLEST = 1e-6
"""Win probabilities are kept this far from 0 and 1, where the logit is infinite."""
NOT_A_COLUMN = {"prompt", "prompts", "completion", "completions", "completion_ids", "trainer_state"}
"""Names that a reward is given with another meaning."""

Undecided = Literal["tied", "abstained"]
Match = tuple[int, int, int]
"""(sheet, i, j): candidates i and j of a prompt."""


@dataclass(frozen=True)
class Sheet:
    """A prompt with its candidates and its row of the data set."""

    prompt: Any
    candidates: Sequence[Any]
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Preference:
    """One candidate before another: their places, scores and verdicts."""

    winner: int
    loser: int
    chosen_score: float
    rejected_score: float
    chosen_verdict: Mapping[str, Any]
    rejected_verdict: Mapping[str, Any]


class Ratings(ABC):
    """What is known about the candidates of some prompts."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets = sheets

    @abstractmethod
    def rewards(self) -> list[list[float | None]]:
        """For each prompt a number for each candidate; None where there is none."""

    def usable(self) -> list[list[float | None]]:
        """The same when only the None matter."""
        return self.rewards()

    @abstractmethod
    def outcomes(self, matches: Sequence[Match], min_margin: float) -> list[Preference | Undecided]:
        """Which of two is better, if their scores differ by more than `min_margin`."""


class Scored(Ratings):
    """By a reward: the higher one is better."""

    def __init__(self, sheets: Sequence[Sheet], reward: Reward) -> None:
        super().__init__(sheets)
        everyone = [(sheet, candidate) for sheet in sheets for candidate in sheet.candidates]
        names = [name for name in (sheets[0].columns if sheets else ()) if name not in NOT_A_COLUMN]
        verdicts = iter(
            reward.verdicts(
                [candidate for _, candidate in everyone],
                [sheet.prompt for sheet, _ in everyone],
                **{name: [sheet.columns[name] for sheet, _ in everyone] for name in names},
            )
        )
        self.verdicts = [[next(verdicts) for _ in sheet.candidates] for sheet in sheets]

    def rewards(self) -> list[list[float | None]]:
        return [[verdict.score for verdict in verdicts] for verdicts in self.verdicts]

    def outcomes(self, matches: Sequence[Match], min_margin: float) -> list[Preference | Undecided]:
        return [self._outcome(*match, min_margin) for match in matches]

    def _outcome(self, sheet: int, i: int, j: int, min_margin: float) -> Preference | Undecided:
        one, other = self.verdicts[sheet][i], self.verdicts[sheet][j]
        if one.score is None or other.score is None:
            return "abstained"
        if abs(one.score - other.score) <= min_margin:
            return "tied"
        if one.score > other.score:
            return Preference(i, j, one.score, other.score, _lasting(one.to_dict()), _lasting(other.to_dict()))
        return Preference(j, i, other.score, one.score, _lasting(other.to_dict()), _lasting(one.to_dict()))


class Compared(Ratings):
    """By a judge of two answers: the one that probably wins is better.

    baselines: for each prompt the candidate y_b that rewards are measured from, r(x, y_b) = 0.
    """

    def __init__(
        self, sheets: Sequence[Sheet], judge: PairwiseJudge, baselines: Sequence[int], *, both_orders: bool
    ) -> None:
        super().__init__(sheets)
        self.judge = judge
        self.baselines = baselines
        self.both_orders = both_orders

    def usable(self) -> list[list[float | None]]:
        return [[0.0] * len(sheet.candidates) for sheet in self.sheets]

    def rewards(self) -> list[list[float | None]]:
        rewards = self.usable()
        matches = [
            (sheet, i, baseline)
            for sheet, baseline in enumerate(self.baselines)
            for i in range(len(rewards[sheet]))
            if i != baseline
        ]
        for (sheet, i, _), verdict in zip(matches, self._ask(matches), strict=True):
            p = verdict.score
            rewards[sheet][i] = None if p is None else pointwise_reward_from_pairwise([p])[0]
        return rewards

    def outcomes(self, matches: Sequence[Match], min_margin: float) -> list[Preference | Undecided]:
        return [
            _by_probability(i, j, verdict, min_margin)
            for (_, i, j), verdict in zip(matches, self._ask(matches), strict=True)
        ]

    def _ask(self, matches: Sequence[Match]) -> list[Verdict]:
        pairs = []
        for number, i, j in matches:
            sheet = self.sheets[number]
            pairs.append(Pair(sheet.prompt, sheet.candidates[i], sheet.candidates[j], sheet.columns))
        return self.judge.verdicts(pairs, swap_average=self.both_orders)


def _by_probability(i: int, j: int, verdict: Verdict, min_margin: float) -> Preference | Undecided:
    p = verdict.score
    if p is None:
        return "abstained"
    if abs(2 * p - 1) <= min_margin:
        return "tied"
    said = _lasting(verdict.to_dict())
    won, lost = ({**said, "compared": "first"}, {**said, "compared": "second"})
    return Preference(i, j, p, 1 - p, won, lost) if p > 0.5 else Preference(j, i, 1 - p, p, lost, won)


def pointwise_reward_from_pairwise(prob_beats_baseline: Sequence[float], *, smallest: float = SMALLEST) -> list[float]:
    """r(x, y) = logit ρ(x, y, y_b): the reward of each answer, given how likely it beats one and the same baseline y_b.

    >>> [round(r, 4) for r in pointwise_reward_from_pairwise([0.5, 0.8, 1.0])]
    [0.0, 1.3863, 13.8155]

    Raises:
        ValueError: something that is no probability.
    """
    for p in prob_beats_baseline:
        if not 0 <= p <= 1:
            raise ValueError(f"prob_beats_baseline has {p!r}, which is no probability: give numbers in [0, 1]")
    return [logit(p, smallest) for p in prob_beats_baseline]


Rate = Callable[[Sequence[Sheet], Sequence[random.Random]], Ratings]


def rating(reward: Any, both_orders: bool) -> Rate:
    """How candidates are rated: by a judge of two answers, else by a reward, a judge or a TRL reward function.

    Raises:
        TypeError: something that neither scores nor compares.
    """
    compare = getattr(reward, "compare", None)
    if isinstance(reward, PairwiseJudge) or callable(compare):
        judge = reward if isinstance(reward, PairwiseJudge) else PairwiseFunction(compare)  # type: ignore[arg-type]

        def by_comparison(sheets: Sequence[Sheet], rngs: Sequence[random.Random]) -> Ratings:
            sizes = [max(len(sheet.candidates), 1) for sheet in sheets]
            baselines = [rng.randrange(size) for rng, size in zip(rngs, sizes, strict=True)]
            return Compared(sheets, judge, baselines, both_orders=both_orders)

        return by_comparison
    plain = callable(reward) and not isinstance(reward, (Judge, Reward))
    scorer = Function(reward) if plain else as_reward(reward)
    return lambda sheets, rngs: Scored(sheets, scorer)


def _lasting(verdict: Any) -> Any:
    """A verdict's data without the seconds it took: these differ from run to run."""
    if isinstance(verdict, dict):
        return {name: _lasting(item) for name, item in verdict.items() if name != "seconds"}
    return [_lasting(item) for item in verdict] if isinstance(verdict, list) else verdict
