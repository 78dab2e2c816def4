"""A learned reward model as a part of any reward, raw or measured against a baseline answer.

Calibration, for a prompt s, a completion a and one fixed baseline answer ā of the prompt (CGPO, equation 5):

    R(s, a) = σ( r(s, a) − r(s, ā) )        in (0, 1); ½ for the baseline itself

It takes out of r what depends on the prompt alone, so that numbers of different prompts can be compared.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self

from ..judges import Memo, Sample, Verdict
from ..judges.apart import apart
from ..judges.blame import nobody_answered
from ..judges.errors import Miscounted, Told
from ..judges.judge import exception
from ..judges.pretrained import is_module
from ..judges.sample import missing_column
from .batch import Batch
from .reward import Reward
from .sequence_scorer import Scorer, SequenceScorer, TextScorer
from .verdict import RewardVerdict


@dataclass(frozen=True, repr=False, init=False)
class RewardModel(Reward):
    """The number a reward model gives to a completion: any finite one, or with `calibrated` one in (0, 1).

    >>> def length(texts):
    ...     return [float(len(text)) for text in texts]
    >>> RewardModel(length).verdict(" four", prompt="2+2=").score
    9.0
    >>> reward = RewardModel(length).calibrated()
    >>> reward.verdict("5", prompt="2+2=", baseline="4")
    RewardVerdict(0.5, reward=5.0, baseline=5.0)

    Equal rows of a batch are scored once, and the baseline of a prompt once in the lifetime of the object: a model
    that is being trained meanwhile must not be calibrated with it. A prompt too long for the model, a row without a
    baseline, and a model that breaks on the baseline too abstain. A completion that is too long, with which the model
    breaks or gives NaN or infinity, scores 0 when calibrated, else the least number of its batch: were it left out,
    writing without end would save a bad answer. Where nothing in the batch has a number, it abstains.

    Reasons: none, "too long", "not a finite number" or "exception"; abstaining with these, with "no score" (the model
    gave none: the prompt is too long) or "no baseline".

    Args:
        model: a `transformers` sequence-classification model with one output, its name or folder, or a function
            `(texts) -> scores`, sync or async, of prompt and completion in one string.
        tokenizer: of the model, by default found by its name; chat template, padding and end of sequence are its.
        batch_size, max_length, device, dtype, options: see `SequenceScorer`; a function takes none of them.
    """

    scorer: Scorer
    baseline: str
    _baselines: Memo[Any] = field(compare=False)

    _default_name = "reward_model"

    @property
    def beside_model(self) -> bool:
        return bool(getattr(self.scorer, "beside_model", True))

    def __init__(
        self, model: Any, tokenizer: Any = None, *, label: str = "", shown: bool = False, **options: Any
    ) -> None:
        for name, value in {
            "scorer": _scorer(model, tokenizer, options),
            "baseline": "",
            "_baselines": Memo[Any](),
            "label": label,
            "shown": shown,
        }.items():
            object.__setattr__(self, name, value)

    def calibrated(self, baseline: str = "baseline") -> Self:
        """This model against the answer in the column `baseline`: σ(r(s, a) − r(s, ā)).

        It passes where it is at least as good as the baseline. The two numbers are in the evidence.
        """
        if not baseline or not isinstance(baseline, str):
            raise ValueError(f"the baseline is the name of a column, not {baseline!r}")
        return self._replaced(baseline=baseline)

    def named(self, name: str) -> Self:
        return self._replaced(label=name)

    def show_evidence(self, shown: bool = True) -> Self:
        return self._replaced(shown=shown)

    def _replaced(self, **changes: Any) -> Self:
        copied = copy.copy(self)
        for name, value in changes.items():
            object.__setattr__(copied, name, value)
        return copied

    @property
    def bounds(self) -> tuple[float, float]:
        return (0.0, 1.0) if self.baseline else (-inf, inf)

    def _written(self) -> str:
        return f"RewardModel({self.scorer!r})" + (f".calibrated({self.baseline!r})" if self.baseline else "")

    def require(self, given: Any) -> None:
        if self.baseline and self.baseline not in given:
            raise missing_column(self.name, self.baseline, given)

    def unusable(self, sample: Sample) -> list[str]:
        return [f"{self.name}: no baseline"] if self.baseline and sample[self.baseline] is None else []

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        samples = [batch.samples[row] for row in rows]
        answers = [self._prepared(sample, sample.completion) for sample in samples]
        baselines = [
            None if not self.baseline or (value := sample[self.baseline]) is None else self._prepared(sample, value)
            for sample in samples
        ]
        found = self._scores(answers, [baseline for baseline in baselines if baseline is not None])
        said = [found[answer] for answer in answers]
        if not self.baseline:
            numbers = [score for value in said if (score := self._raw(value).score) is not None]
            least = min(numbers, default=None)
            return [self._or_least(sample, value, least) for sample, value in zip(samples, said, strict=True)]
        return [
            RewardVerdict(None, "skipped", "no baseline")
            if baseline is None
            else self._against(self._raw(found[baseline]), sample, value)
            for sample, value, baseline in zip(samples, said, baselines, strict=True)
        ]

    def _or_least(self, sample: Sample, value: Any, least: float | None) -> RewardVerdict:
        """The verdict, with the least number there is where the completion may be why the model gave none."""
        verdict = self._raw(value)
        if verdict.score is not None or least is None or self._excused(sample, value):
            return verdict
        reason = "too long" if value is None else verdict.reason
        evidence = {"spoilt_by": ["completion"], **verdict.evidence}
        return RewardVerdict(least, reason=reason, evidence=evidence, passed=False)

    def _excused(self, sample: Sample, value: Any) -> bool:
        """Whether a row has no number for a reason that its completion cannot bring about."""
        return not self.scorer.reads(sample.prompt) if value is None else _unanswered(value)

    def _prepared(self, sample: Sample, answer: Any) -> Hashable:
        """What the model reads; or the exception of a tokenizer that cannot read it."""
        try:
            return self.scorer.prepare(sample.prompt, answer)
        except Told:
            raise
        except Exception as error:
            return error

    def _scores(self, answers: Sequence[Hashable], baselines: Sequence[Hashable]) -> dict[Hashable, Any]:
        """What the model says of each distinct row, or how it broke; baselines it scored before are remembered."""
        found: dict[Hashable, Any] = {row: row for row in (*answers, *baselines) if isinstance(row, Exception)}
        found |= {row: score for row in baselines if (score := self._baselines.get(row)) is not None}
        new = [row for row in dict.fromkeys((*answers, *baselines)) if row not in found]
        found.update(zip(new, apart(self._counted, new) if new else [], strict=True))
        for row in baselines:
            if not isinstance(found[row], Exception):
                self._baselines[row] = found[row]
        return found

    def _counted(self, rows: Sequence[Hashable]) -> Sequence[Any]:
        scores = self.scorer.scores(rows)
        if len(scores) != len(rows):
            raise Miscounted(f"{self.name} returned {len(scores)} scores for {len(rows)} texts")
        return scores

    def _raw(self, value: Any) -> RewardVerdict:
        if value is None:
            return RewardVerdict(None, "skipped", "no score")
        if isinstance(value, Exception):
            told = exception(self.name, value)
            return RewardVerdict(None, told.status, told.reason, told.evidence)
        score = float(value)
        if not math.isfinite(score):
            return RewardVerdict(None, "error", "not a finite number", {"judge": self.name, "returned": repr(score)})
        return RewardVerdict(score)

    def _against(self, baseline: RewardVerdict, sample: Sample, value: Any) -> RewardVerdict:
        if baseline.score is None:
            return baseline
        answer = self._raw(value)
        if answer.score is None:
            return self._or_least(sample, value, 0.0)
        score = calibrate(answer.score, baseline.score)
        evidence = {"reward": answer.score, "baseline": baseline.score}
        return RewardVerdict(score, evidence=evidence, passed=answer.score >= baseline.score)


def calibrate(reward: float, baseline: float) -> float:
    """σ(reward − baseline), in the form that does not overflow.

    >>> calibrate(2.0, 1.0), calibrate(-1e308, 1e308), calibrate(800.0, 0.0)
    (0.7310585786300049, 0.0, 1.0)
    """
    difference = reward - baseline
    small = math.exp(-abs(difference))
    return 1.0 / (1.0 + small) if difference >= 0.0 else small / (1.0 + small)


def _unanswered(value: Any) -> bool:
    return isinstance(value, Exception) and nobody_answered(value)


def _scorer(model: Any, tokenizer: Any, options: dict[str, Any]) -> Scorer:
    if isinstance(model, (str, os.PathLike)) or is_module(model):
        return SequenceScorer(model, tokenizer, **options)
    if not callable(model):
        raise TypeError(f"a reward model is a model, its name or a function of texts, not {type(model).__name__}")
    if tokenizer is not None or options:
        raise TypeError(f"a function of texts takes no tokenizer and no options, but got {sorted(options)}")
    return TextScorer(model)
