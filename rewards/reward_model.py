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
    that is being trained meanwhile must not be calibrated with it. A number that is NaN or infinite, a prompt too long
    for the model, or a row without a baseline abstains. A completion that is too long scores 0 when calibrated, else
    the least number of its batch: were it left out, writing without end would save a bad answer. When the model breaks,
    the batch abstains.

    Reasons: none, or "too long"; abstaining with "no score" (the model gave none: the prompt is too long), "not a
    finite number", "no baseline", "exception".

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
        answers = [self.scorer.prepare(sample.prompt, sample.completion) for sample in samples]
        baselines = [self._prepared_baseline(sample) for sample in samples]
        try:
            found = self._scores(answers, [baseline for baseline in baselines if baseline is not None])
        except Exception as error:  # one hostile completion must not end a training run
            return [exception(self.name, error)] * len(samples)
        raw = self._least_where_too_long(samples, [self._raw(found[answer]) for answer in answers])
        if not self.baseline:
            return list(raw)
        return [
            RewardVerdict(None, "skipped", "no baseline")
            if baseline is None
            else self._against(answer, self._raw(found[baseline]))
            for answer, baseline in zip(raw, baselines, strict=True)
        ]

    def _least_where_too_long(self, samples: Sequence[Sample], raw: Sequence[RewardVerdict]) -> list[RewardVerdict]:
        """The verdicts, with the least number of the batch for a completion that is too long for the model.

        Where nothing in the batch has a number there is no least: it abstains like the rest, unless calibrated.
        """
        numbers = [verdict.score for verdict in raw if verdict.score is not None]
        return [
            RewardVerdict(min(numbers, default=0.0), reason="too long")
            if (numbers or self.baseline) and verdict.reason == "no score" and self.scorer.reads(sample.prompt)
            else verdict
            for sample, verdict in zip(samples, raw, strict=True)
        ]

    def _prepared_baseline(self, sample: Sample) -> Hashable | None:
        value = sample[self.baseline] if self.baseline else None
        return None if value is None else self.scorer.prepare(sample.prompt, value)

    def _scores(self, answers: Sequence[Hashable], baselines: Sequence[Hashable]) -> dict[Hashable, Any]:
        """What the model says of each distinct row; baselines it scored before are remembered."""
        found = {row: score for row in baselines if (score := self._baselines.get(row)) is not None}
        new = [row for row in dict.fromkeys((*answers, *baselines)) if row not in found]
        scores = self.scorer.scores(new) if new else []
        if len(scores) != len(new):
            raise ValueError(f"{self.name} returned {len(scores)} scores for {len(new)} texts")
        found.update(zip(new, scores, strict=True))
        for row in baselines:
            self._baselines[row] = found[row]
        return found

    def _raw(self, value: Any) -> RewardVerdict:
        if value is None:
            return RewardVerdict(None, "skipped", "no score")
        score = float(value)
        if not math.isfinite(score):
            return RewardVerdict(None, "error", "not a finite number", {"judge": self.name, "returned": repr(score)})
        return RewardVerdict(score)

    def _against(self, answer: RewardVerdict, baseline: RewardVerdict) -> RewardVerdict:
        if answer.score is None or baseline.score is None:
            return answer if answer.score is None else baseline
        if answer.reason:
            return RewardVerdict(0.0, reason=answer.reason, evidence={"baseline": baseline.score})
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


def _scorer(model: Any, tokenizer: Any, options: dict[str, Any]) -> Scorer:
    if isinstance(model, (str, os.PathLike)) or is_module(model):
        return SequenceScorer(model, tokenizer, **options)
    if not callable(model):
        raise TypeError(f"a reward model is a model, its name or a function of texts, not {type(model).__name__}")
    if tokenizer is not None or options:
        raise TypeError(f"a function of texts takes no tokenizer and no options, but got {sorted(options)}")
    return TextScorer(model)
