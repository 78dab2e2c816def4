"""Pairwise-RL's reward: how probably a completion beats a fixed answer of its prompt.

    p_win = (p12 + 1 − p21) / 2            "is it better than the anchor", asked in both orders

    probability   R = p_win
    logit         R = log p − log(1 − p),  p = p_win kept within [c, 1 − c]
    centered      R = p_win − ½

What depends on the prompt alone cancels: numbers of different prompts can be compared.

"A Unified Pairwise Framework for RLHF: Bridging Generative Reward Modeling and Policy Optimization", arXiv 2504.04950.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..judges import Verdict
from ..judges.metrics import batch_metrics
from ..judges.pairwise import Pair, PairwiseFunction, PairwiseJudge, logit, p_win_of_orders
from ..judges.pairwise.debias import require_probabilities
from ..judges.pairwise.scored import OF_THE_COMPLETION
from ..judges.sample import Sample, missing_column
from .batch import Batch
from .reward import Reward
from .verdict import RewardVerdict

Form = Literal["probability", "logit", "centered"]


@dataclass(frozen=True)
class PairwiseReward:
    """p_win: the probability that the answer beats the anchor. reward: the number made of it."""

    p_win: float
    reward: float


def pairwise_reward(
    p12: float,
    p21: float | None = None,
    *,
    form: Form = "probability",
    clip: float = 1e-4,
    swap_average: bool = True,
) -> PairwiseReward:
    """R of what a judge said about (answer, anchor), p12, and about (anchor, answer), p21.

    >>> pairwise_reward(0.9, 0.3, form="logit").p_win
    0.8

    swap_average: without it p_win is p12 alone, a preference for the first place included, and there need be no p21.

    Raises:
        ValueError: something that is no probability, an unknown form, or a clip outside (0, ½).
    """
    if swap_average and p21 is None:
        raise ValueError("p21 is missing: the average of both orders needs it, or give swap_average=False")
    require_probabilities(p12=p12)
    p_win = p12 if p21 is None or not swap_average else p_win_of_orders(p12, p21)
    return PairwiseReward(p_win, reward_of(p_win, form, clip))


def reward_of(p_win: float, form: Form = "probability", clip: float = 1e-4) -> float:
    """The number in the chosen form; equal to the difference of scores in form "logit" where Bradley-Terry holds.

    >>> reward_of(0.5), reward_of(0.5, "logit"), reward_of(0.5, "centered")
    (0.5, 0.0, 0.0)
    """
    match form:
        case "probability":
            return p_win
        case "logit":
            return logit(p_win, clip)
        case "centered":
            return p_win - 0.5
    raise ValueError(f"unknown form {form!r}: expected {', '.join(map(repr, get_args(Form)))}")


@dataclass(frozen=True, repr=False)
class AnchorWinReward(Reward):
    """How probably the completion beats the answer in the column `anchor`.

    >>> def longer(prompt, first, second):
    ...     return len(first) > len(second)
    >>> AnchorWinReward(longer)(completions=["a long answer", "short"], anchor=["an anchor", "an anchor"])
    [1.0, 0.0]

    A copy of the anchor has p_win = ½ with any judge: both orders show the same two texts. A row whose anchor is None
    abstains, and so does one on which the judge does; a completion that breaks the comparison has lost it. It has
    passed when p_win ≥ ½. Composes with everything.

    Reasons: those of the judge, and "no anchor" of a row that abstains.

    Args:
        judge: a `PairwiseJudge`, or a function `(prompt, first, second)` (see `PairwiseFunction`). A judge or reward
            that scores single answers goes in as `Scored(judge, tau=…)`.
        form: "probability" (bounded), "logit" (of p_win kept within [clip, 1 − clip]) or "centered".
        anchor: the column with each prompt's fixed answer, a text or messages. The policy never sees it.
        swap_average: ask both orders; see `PairwiseJudge.verdicts`.

    Raises:
        TypeError: something else than a judge of pairs.
        ValueError: an unknown form, or a clip outside (0, ½).
    """

    judge: PairwiseJudge
    form: Form = "probability"
    clip_p: float = 1e-4
    anchor: str = "anchor"
    swap_average: bool = True

    _default_name = "anchor_win"

    @property
    def beside_model(self) -> bool:
        return bool(getattr(self.judge, "beside_model", True))

    def __post_init__(self) -> None:
        if not isinstance(self.judge, PairwiseJudge):
            object.__setattr__(self, "judge", _judge_of_pairs(self.judge))
        if self.form not in get_args(Form):
            raise ValueError(f"form must be {', '.join(map(repr, get_args(Form)))}, not {self.form!r}")
        if not 0.0 < self.clip_p < 0.5:
            raise ValueError(f"clip_p={self.clip_p}: give the least probability, between 0 and 0.5, such as 1e-4")

    @property
    def bounds(self) -> tuple[float, float]:
        return reward_of(0.0, self.form, self.clip_p), reward_of(1.0, self.form, self.clip_p)

    def _written(self) -> str:
        defaults = {"form": "probability", "clip_p": 1e-4, "anchor": "anchor", "swap_average": True}
        given = [f"{name}={getattr(self, name)!r}" for name, usual in defaults.items() if getattr(self, name) != usual]
        return f"AnchorWinReward({', '.join([repr(self.judge), *given])})"

    def require(self, given: Any) -> None:
        if self.anchor not in given:
            raise missing_column(self.name, self.anchor, given)
        self.judge.require(given)

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        pairs = {row: _pair(batch.samples[row], self.anchor) for row in rows}
        asked = [row for row, pair in pairs.items() if pair.second is not None]
        said = self.judge.verdicts([pairs[row] for row in asked], swap_average=self.swap_average)
        found = dict(zip(asked, said, strict=True))
        return [self._number(found[row]) if row in found else NO_ANCHOR for row in rows]

    def _number(self, verdict: Verdict) -> Verdict:
        p_win = verdict.score
        if p_win is None:
            return verdict
        evidence = {**verdict.evidence, "p_win": p_win}
        score = reward_of(p_win, self.form, self.clip_p)
        return RewardVerdict(score, "scored", verdict.reason, evidence, verdict.seconds, p_win >= 0.5)

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """Beside the usual: mean p_win, and the share of pairs on which the two orders disagree."""
        told = [verdict for verdict in verdicts if not verdict.abstains]
        if not told:
            return batch_metrics(verdicts)
        disagree = sum(verdict.reason == "orders disagree" for verdict in told) / len(told)
        p_win = sum(verdict.evidence["p_win"] for verdict in told) / len(told)
        return batch_metrics(verdicts) | {"p_win": p_win, "orders_disagree": disagree}

    def close(self) -> None:
        self.judge.close()


NO_ANCHOR = RewardVerdict(None, "skipped", "no anchor")


def _pair(sample: Sample, anchor: str) -> Pair:
    columns: Mapping[str, Any] = {
        name: value for name, value in sample.columns.items() if name not in OF_THE_COMPLETION
    }
    return Pair(sample.prompt, sample.completion, sample[anchor], columns, trusted="second")


def _judge_of_pairs(judge: Any) -> PairwiseJudge:
    if hasattr(judge, "verdicts"):
        raise TypeError(f"{judge!r:.80} scores single answers: compare by it with Scored(judge, tau=…)")
    if not callable(judge):
        raise TypeError(f"AnchorWinReward needs a judge of pairs, not {type(judge).__name__}")
    return PairwiseFunction(judge)
