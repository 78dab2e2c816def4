"""Tiny C-like functions that write to buffers, with and without a check of one index, and reports about them.

    if(n<8)a[n]=1;b[k]=1;            ->  <think>k</think>HAS_VUL b
    if(n<8)a[n]=1;if(k<5)b[k]=1;     ->  <think>ok</think>NO_VUL

The thinking names the index without a bound, the answer the buffer. The demonstrators say NO_VUL nine times out of ten;
when they do not, the function is a little more often vulnerable than not, and they sometimes name the wrong index or
buffer, or all buffers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from ....judges.vulnerability import HAS_VUL, NO_VUL
from ...playground.tasks import Row, split_of

BUFFERS, INDICES = "abcdeg", "jkmnpq"  # no letter of "if"


@dataclass(frozen=True)
class Reports:
    """Functions and reports; columns `prompt`, `is_vulnerable`, and of the unchecked write `buffer` and `index`.

    patched: the share of functions without an unchecked write. flags: how often a demonstrator says HAS_VUL of a
    vulnerable function and of a patched one; None: when it is right, with the right buffer and index. slips: how often
    what it names besides is wrong.
    """

    patched: float = 0.5
    flags: tuple[float, float] | None = (0.14, 0.06)
    slips: float = 0.2
    writes: int = 2

    name = "reports"
    new_tokens = 26

    def clean(self) -> Self:
        return replace(self, patched=0.5, flags=None)

    def problem(self, rng: random.Random) -> Row:
        vulnerable, patched = self.pair(rng)
        return patched if rng.random() < self.patched else vulnerable

    def pair(self, rng: random.Random) -> tuple[Row, Row]:
        """A function with an unchecked write, and the same with its check."""
        writes = list(zip(rng.sample(BUFFERS, self.writes), rng.sample(INDICES, self.writes), strict=True))
        place = rng.randrange(self.writes)
        buffer, index = writes[place]
        of = {"buffer": buffer, "index": index}
        statements = [f"{buffer}[{index}]=1;" for buffer, index in writes]
        checks = [f"if({index}<{rng.randrange(2, 10)})" for _, index in writes]
        patched = "".join(check + statement for check, statement in zip(checks, statements, strict=True))
        vulnerable = patched.replace(checks[place], "")
        return {"prompt": vulnerable, "is_vulnerable": True, **of}, {"prompt": patched, "is_vulnerable": False, **of}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        vulnerable = bool(row["is_vulnerable"])
        flagged = vulnerable if self.flags is None else rng.random() < self.flags[0 if vulnerable else 1]
        if not flagged:
            return f"<think>ok</think>{NO_VUL}"
        buffers, indices = (sorted({c for c in str(row["prompt"]) if c in names}) for names in (BUFFERS, INDICES))
        buffer, index = str(row["buffer"]), str(row["index"])
        if self.flags is not None and rng.random() < self.slips:
            buffer = rng.choice([rng.choice(buffers), "".join(buffers)])
        if self.flags is not None and rng.random() < self.slips:
            index = rng.choice(indices)
        return f"<think>{index}</think>{HAS_VUL} {buffer}"


def held_out_pairs(task: Reports, count: int) -> list[tuple[Row, Row]]:
    """Pairs of which neither member is trained on."""
    rng = random.Random(f"{task.name}/pairs")
    pairs: list[tuple[Row, Row]] = []
    while len(pairs) < count:
        pair = task.pair(rng)
        if all(split_of(str(row["prompt"])) == "held-out" for row in pair):
            pairs.append(pair)
    return pairs


def grade(sample: Any) -> Mapping[str, str]:
    """What a judge who knows the unchecked write says about a report."""
    thinking, _, answer = sample.text.rpartition("</think>")
    _, flag, named = answer.partition(HAS_VUL)
    if not sample["is_vulnerable"]:
        return {"prediction": "INCORRECT" if flag else "CORRECT"}
    return {
        "prediction": "CORRECT" if flag else "INCORRECT",
        "localization": _grade(named.strip(), sample["buffer"]),
        "reasoning": _grade(thinking.removeprefix("<think>"), sample["index"]),
    }


def _grade(said: str, right: str) -> str:
    return "CORRECT" if said == right else "PARTIALLY CORRECT" if right in said else "INCORRECT"
