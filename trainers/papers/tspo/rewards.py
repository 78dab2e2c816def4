"""What a selection of frames earns: the right letter, and frames inside the clip that has the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ....judges import MathJudge, judge

_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_LETTER = re.compile(r"(?<![A-Za-z])[A-Ea-e](?![A-Za-z])")
_equal = MathJudge()


@judge(name="accuracy")
def accuracy(completion: str, solution: str) -> bool:
    """Whether the answer is the reference, as mathematics, or by the first letter from A to E that stands alone.

    Both are what stands in an answer tag, where there is one. Without a letter on either side it is wrong (the released
    judge compares nothing with nothing and pays).
    """
    said, wanted = _answer(completion), _answer(solution)
    if _equal.verdict(said, solution=wanted).passed:
        return True
    letters = [_LETTER.search(text) for text in (said, wanted)]
    return all(letters) and len({found.group().upper() for found in letters if found}) == 1


@judge(name="temporal")
def temporal(completion: str, selected: Sequence[int], relevant_mask: Sequence[int]) -> float:
    """Share of the selected frames that are relevant."""
    return sum(bool(relevant_mask[frame]) for frame in selected) / len(selected) if len(selected) else 0.0


needle = accuracy + temporal  # a video with a clip to be found
general = accuracy + 1.0  # a video that is relevant everywhere; the constant is no advantage


def _answer(text: str) -> str:
    found = _ANSWER.search(text)
    return (found.group(1) if found else text).strip()
