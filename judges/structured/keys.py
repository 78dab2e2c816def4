"""Which of the required keys does the answer have?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..judge import Judge
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from .answer import Answer, read_sample


class KeyCoverageJudge(Judge):
    """Scores the share of required keys that are there: R_struct of RL-Struct.

    >>> KeyCoverageJudge(["reasoning", "answer"]).verdict('{"answer": 4}')
    Verdict(0.5, 'keys missing', missing=['reasoning'], looked_in='object')

    Of a valid object its top level counts. Of anything else every ``"key" :`` in the text does, so that a structure
    that is nearly right earns something before the syntax is; keys inside nested or quoted text are then counted too.

    Reasons: "all keys", "keys missing"; abstains with "unusable keys" when the row's own keys are none.

    Args:
        keys: K, the same for every row.
        keys_column: the column that holds each row's K, instead of `keys`.
    """

    reads = "text"

    def __init__(self, keys: Sequence[str] | None = None, keys_column: str | None = None) -> None:
        if (keys is None) == (keys_column is None):
            raise ValueError("give either the required keys or the column that holds them")
        self.keys = None if keys is None else distinct_keys(keys)
        self.keys_column = keys_column
        self.columns = () if keys_column is None else (keys_column,)

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _judge(self, sample: Sample) -> Verdict:
        try:
            keys = distinct_keys(sample[self.keys_column]) if self.keys_column is not None else self.keys
        except ValueError as error:
            return Verdict(None, "skipped", "unusable keys", {"error": str(error)})
        assert keys is not None
        answer = read_sample(sample)
        found = keys_found(answer, keys)
        evidence = {
            "missing": [key for key in keys if key not in found],
            "looked_in": "text" if answer.value is None else "object",
        }
        reason = "keys missing" if evidence["missing"] else "all keys"
        return Verdict(len(found) / len(keys), reason=reason, evidence=evidence)


def keys_found(answer: Answer, keys: Sequence[str]) -> list[str]:
    """The keys that an answer has, in the order they are asked for."""
    if answer.value is not None:
        return [key for key in keys if key in answer.value]
    return [key for key in keys if re.search(rf'"{re.escape(key)}"\s*:', answer.payload)]


def distinct_keys(keys: Any) -> tuple[str, ...]:
    """K as a tuple without repetitions.

    Raises:
        ValueError: it is not a list of names, or empty.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise ValueError(f"the required keys are a list of names such as ['reasoning', 'answer'], not {keys!r:.80}")
    if not keys:
        raise ValueError("keys is empty: at least one must be required")
    return tuple(dict.fromkeys(keys))
