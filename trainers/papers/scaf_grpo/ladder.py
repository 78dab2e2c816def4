"""The ladder: hints from abstract to concrete, which of them helped, and which groups are offered any.

A *tier* is a kind of hint (knowledge, planning, solution), its *chunks* are revealed one after the other, and a *rung*
is a tier's first l chunks. A higher tier does not hold the lower ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ....judges.options import one_of

TIERS = ("knowledge", "planning", "solution")
HINT_FORMAT = "Question: {question}\n{label}: {hints}"
Replace = Literal["first", "random"]


@dataclass(frozen=True)
class Rung:
    """One step of a ladder: `order` from 1 up over the whole ladder, `level` from 1 up in its tier."""

    order: int
    tier: str
    level: int
    chunks: tuple[str, ...]
    user_message: str


def hint_schedule(
    question: str,
    hints: Mapping[str, Sequence[str | None] | None],
    tiers: Sequence[str] = TIERS,
    levels_per_tier: int = 4,
    hint_format: str = HINT_FORMAT,
) -> list[Rung]:
    """The rungs that a question has hints for, the least help first, numbered from 1 without gaps.

    >>> [rung.user_message for rung in hint_schedule("2 + 2?", {"planning": ["Count.", "Up from 2."]})]
    ['Question: 2 + 2?\\nPlanning Hints: Count.', 'Question: 2 + 2?\\nPlanning Hints: Count. Up from 2.']

    hints: tier -> its chunks; a missing tier, None and blank chunks have no rung.
    hint_format: a text with {question}, {label} ("Knowledge Hints") and {hints}.

    Raises:
        ValueError: `levels_per_tier` below 1, or a tier whose hints are a text and not a list of chunks.
    """
    if levels_per_tier < 1:
        raise ValueError(f"levels_per_tier={levels_per_tier}: give 1 or more")
    rungs: list[Rung] = []
    for tier in tiers:
        chunks = chunks_of(hints.get(tier), tier)[:levels_per_tier]
        for level in range(1, len(chunks) + 1):
            told = chunks[:level]
            text = hint_format.format(question=question, label=f"{tier.capitalize()} Hints", hints=" ".join(told))
            rungs.append(Rung(len(rungs) + 1, tier, level, tuple(told), text))
    return rungs


def chunks_of(hints: Any, name: str) -> list[str]:
    """The chunks that say something. Raises ValueError for anything but None or a list of texts and None."""
    given = [] if hints is None else hints
    if isinstance(given, str) or not all(chunk is None or isinstance(chunk, str) for chunk in given):
        raise ValueError(f"hints {name!r}: expected a list of texts, the most abstract first, got {hints!r:.60}")
    return [chunk for chunk in given if chunk is not None and chunk.strip()]


def succeeded(reward: float | None) -> bool:
    """Whether a verifier's number is a success: above 0. None and NaN are not."""
    return reward is not None and reward > 0


def select(levels: Sequence[int], rewards: Sequence[float | None]) -> tuple[int | None, int | None]:
    """Place and level of the success with the least help, the first sample where several share it; None, None if none.

    >>> select([3, 1, 9, 5], [1.0, 0.0, 1.0, 1.0])
    (0, 3)
    """
    solved = [place for place, reward in enumerate(rewards) if succeeded(reward)]
    if len(levels) != len(rewards):
        raise ValueError(f"levels has {len(levels)} values, and rewards {len(rewards)}")
    if not solved:
        return None, None
    best = min(solved, key=lambda place: levels[place])
    return best, levels[best]


def cliffs(
    rewards: Sequence[float | None],
    group_ids: Iterable[Hashable],
    replace: Replace = "first",
    seed: int | str = 0,
) -> dict[Hashable, int]:
    """The groups in which nobody succeeded, with the row that a hinted success would replace.

    >>> cliffs([0.0, 0.0, 1.0, 0.0, None, None], "aabbcc")
    {'a': 0}

    A row without a reward counts as failed; a group of none but such rows is nobody's failure, and is left alone.
    """
    one_of("replace", replace, get_args(Replace))
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(group_ids):
        members.setdefault(group, []).append(row)
    failed = {
        group: rows
        for group, rows in members.items()
        if not any(succeeded(rewards[row]) for row in rows) and any(scored(rewards[row]) for row in rows)
    }
    dice = random.Random(f"scaf-grpo/{seed}")
    return {group: rows[0] if replace == "first" else dice.choice(rows) for group, rows in failed.items()}


def scored(reward: float | None) -> bool:
    """Whether there is a number."""
    return reward is not None and not math.isnan(reward)


def exempt_steps(total_steps: int, ratio: float) -> int:
    """T_exempt: of so many steps, the first ones, in which the policy is left to itself.

    >>> exempt_steps(337, 0.15)
    50

    Raises:
        ValueError: no share, or a negative number of steps.
    """
    if not 0 <= ratio <= 1:
        raise ValueError(f"ratio={ratio}: give a share from 0 to 1")
    if total_steps < 0:
        raise ValueError(f"total_steps={total_steps}: give 0 or more")
    return math.floor(ratio * total_steps + 1e-9)
