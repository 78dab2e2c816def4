"""Is the completion as long as it should be?"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Literal, get_args

from .judge import Judge
from .options import one_of
from .sample import Sample
from .verdict import Verdict

Unit = Literal["tokens", "characters", "words"]
UNITS: tuple[str, ...] = get_args(Unit)


class LengthJudge(Judge):
    """Scores a completion by its length alone, in one of four ways.

    >>> LengthJudge(4, unit="words").verdict("one two three four five")
    Verdict(0.0, 'too long', length=5, unit='words')
    >>> LengthJudge(100, buffer=20, unit="characters").verdict("x" * 90).score
    0.5

    `LengthJudge(512)`: 1 up to the maximum, 0 beyond. `LengthJudge(512, buffer=128)`: 1 up to 384, then a linear
    ramp to 0 at 512, the soft overlong punishment of DAPO moved to [0, 1]. `LengthJudge(512, cosine=True)`: half a
    cosine, from 1 for the empty completion to 0 at the maximum; times a judge of correctness this is the
    length-scaled reward for right answers. `LengthJudge(target=300, tolerance=100)`: 1 at the target, falling
    linearly to 0 at `tolerance` from it on either side.

    Reasons: "within", "overlong" (on the ramp), "too long", "on target", "off target", "scaled" (cosine).

    Args:
        maximum: the length beyond which nothing is earned.
        unit: "tokens" (of the column completion_ids, which TRL hands over), "characters" or "words"; None means
            tokens where the batch has them and words by hand, where there is no tokenizer.
    """

    reads = "text"
    optional = ("completion_ids",)

    def __init__(
        self,
        maximum: int | None = None,
        *,
        buffer: int = 0,
        cosine: bool = False,
        target: int | None = None,
        tolerance: int | None = None,
        unit: Unit | None = None,
    ) -> None:
        if (maximum is None) == (target is None):
            raise ValueError("give either a maximum or a target length")
        if target is not None and (buffer or cosine):
            raise ValueError("buffer and cosine go with a maximum, not with a target")
        if target is None and tolerance is not None:
            raise ValueError("tolerance goes with a target, not with a maximum")
        if buffer and cosine:
            raise ValueError("give either buffer or cosine: both shape the same range")
        if unit is not None:
            one_of("unit", unit, UNITS)
        for name, value in (("maximum", maximum), ("target", target), ("tolerance", tolerance)):
            if value is not None and not value >= 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        if maximum is not None and not 0 <= buffer <= maximum:
            raise ValueError(f"buffer must lie between 0 and the maximum {maximum}, not {buffer!r}")
        self.maximum = maximum
        self.buffer = buffer
        self.cosine = cosine
        self.target = target
        self.tolerance = tolerance if tolerance is not None else target
        self.unit = unit
        self.columns = ("completion_ids",) if unit == "tokens" else ()

    def key(self, sample: Sample) -> Hashable:
        return self.measured(sample)  # nothing else is looked at

    def measured(self, sample: Sample) -> tuple[int, Unit]:
        """The completion's length, and in what."""
        if self.unit == "characters":
            return len(sample.text), "characters"
        ids = sample.get("completion_ids") if self.unit != "words" else None
        if ids is not None:
            return len(ids), "tokens"
        return len(sample.text.split()), "words"

    def _judge(self, sample: Sample) -> Verdict:
        length, unit = self.measured(sample)
        score, reason = self.earned(length)
        return Verdict(score, reason=reason, evidence={"length": length, "unit": unit})

    def earned(self, length: int) -> tuple[float, str]:
        """The score of a length, and why."""
        if self.target is not None and self.tolerance is not None:
            score = max(0.0, 1.0 - abs(length - self.target) / self.tolerance)
            return score, "on target" if length == self.target else "off target"
        assert self.maximum is not None
        if length > self.maximum:
            return 0.0, "too long"
        if self.cosine:
            return (1.0 + math.cos(math.pi * length / self.maximum)) / 2.0, "scaled"
        left = self.maximum - length
        return (1.0, "within") if left >= self.buffer else (left / self.buffer, "overlong")


class TooLong(LengthJudge):
    """1 when the completion is too long: for use with minus, `reward - 0.1 * TooLong(512)`.

    >>> TooLong(4, unit="words").verdict("one two three four five").score
    1.0

    With `buffer` it rises linearly over the last tokens. Takes the arguments of `LengthJudge`.
    """

    def earned(self, length: int) -> tuple[float, str]:
        score, reason = super().earned(length)
        return 1.0 - score, reason
