"""How far is the completion from the lengths that are free?"""

from __future__ import annotations

from math import inf

from ..length import LengthJudge, Unit


class OutsideLength(LengthJudge):
    """0 from `minimum` to `maximum`, rising to 1 at twice the maximum and at length 0: −R_length of RL-Struct.

    >>> OutsideLength(maximum=4, unit="words").verdict("one two three four five")
    Verdict(0.25, 'too long', length=5, unit='words')

    For use with minus, `reward - 0.25 * OutsideLength(maximum=200)`: judges score in [0, 1], penalties are subtracted.

    Reasons: "within", "too long", "too short".

    Args:
        minimum, maximum: the lengths that cost nothing, both included.
        unit: as in `LengthJudge`: tokens wherever a trainer hands them over.
    """

    def __init__(self, minimum: int = 1, maximum: int = 200, *, unit: Unit | None = None) -> None:
        super().__init__(maximum, unit=unit)
        if not 0 <= minimum <= maximum:
            raise ValueError(f"minimum must lie between 0 and the maximum {maximum}, not {minimum!r}")
        self.minimum = minimum

    def earned(self, length: int) -> tuple[float, str]:
        """The share by which a length is outside, and on which side."""
        assert self.maximum is not None
        score = deviation(length, self.minimum, self.maximum)
        if not score:
            return 0.0, "within"
        return score, "too long" if length > self.maximum else "too short"


def deviation(n: int, minimum: int, maximum: int) -> float:
    """min(1, (n − max)/max) above, min(1, (min − n)/min) below, 0 between.

    >>> deviation(300, 1, 200), deviation(0, 1, 200), deviation(200, 1, 200)
    (0.5, 1.0, 0.0)
    """
    if not 0 <= n < inf:
        raise ValueError(f"n must be a number of tokens, 0 or more, not {n!r}")
    if n > maximum:
        return min(1.0, (n - maximum) / maximum)
    return (minimum - n) / minimum if n < minimum else 0.0
