"""Does the completion go round in circles?"""

from __future__ import annotations

import re
from collections import Counter

from .judge import Judge
from .sample import Sample
from .verdict import Verdict

MAX_WORDS = 100_000  # of a longer completion the end is looked at: that is where loops are

# Runs without a space are cut, so that one endless word counts as many.
_WORD = re.compile(r"\w{1,16}|[^\w\s]")


class RepetitionJudge(Judge):
    """Scores 1 when no group of `n` words comes twice, and less the more of the text repeats itself.

    >>> RepetitionJudge(n=2).verdict("yes and no and yes and no and yes and no")
    Verdict(0.4, 'repetitive', share=0.6, most='yes and', times=3)

    The share is that of n-grams that have occurred before; the score falls linearly and is 0 from `max_share` on.
    A text of fewer than `n` words repeats nothing. Linear in the length of the text.

    Reasons: "varied", "repetitive".

    Args:
        n: words in a group. Short groups repeat in good prose too: take 4 or more for whole answers.
        max_share: the share, in (0, 1], at which nothing is earned.
        ignore_case: whether "Yes" repeats "yes".
    """

    reads = "text"

    def __init__(self, n: int = 4, *, max_share: float = 1.0, ignore_case: bool = True) -> None:
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n!r}")
        if not 0.0 < max_share <= 1.0:
            raise ValueError(f"max_share must be in (0, 1], not {max_share!r}")
        self.n = n
        self.max_share = max_share
        self.ignore_case = ignore_case

    def _judge(self, sample: Sample) -> Verdict:
        text = sample.text.lower() if self.ignore_case else sample.text
        words = _WORD.findall(text[-16 * MAX_WORDS :])[-MAX_WORDS:]
        groups = Counter(zip(*(words[i:] for i in range(self.n)), strict=False))
        count = groups.total()
        repeated = count - len(groups)
        if not repeated:
            return Verdict(1.0, reason="varied", evidence={"share": 0.0})
        share = repeated / count
        most, times = groups.most_common(1)[0]
        evidence = {"share": round(share, 4), "most": " ".join(most), "times": times}
        return Verdict(max(0.0, 1.0 - share / self.max_share), reason="repetitive", evidence=evidence)
