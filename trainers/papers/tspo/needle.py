"""A haystack for every question: its clips among clips of other videos, with a mask of what is relevant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


@dataclass(frozen=True)
class Haystack(Generic[Frame]):
    """A video made of clips: its frames in order, and 1 for those of the relevant clips."""

    frames: list[Frame]
    relevant_mask: list[int]


def needle_in_haystack(
    relevant: Sequence[Frame],
    others: Sequence[Sequence[Frame]],
    rng: random.Random,
    *,
    clips: int = 4,
    longest: int = 50,
    distractors: int = 12,
) -> Haystack[Frame]:
    """1 to `clips` clips of the relevant video, each a random sorted subset of at most `longest` frames, shuffled among
    as many distractor clips of other videos.

    Raises:
        ValueError: a video without frames.
    """
    if not relevant or not all(others):
        raise ValueError("a clip is made of frames: every video needs at least one")

    def clip(video: Sequence[Frame]) -> list[Frame]:
        count = min(len(video), longest)
        return [video[place] for place in sorted(rng.sample(range(len(video)), count))]

    parts = [(clip(relevant), 1) for _ in range(rng.randint(1, clips))]
    parts += [(clip(rng.choice(others)), 0) for _ in range(distractors if others else 0)]
    rng.shuffle(parts)
    return Haystack([f for frames, _ in parts for f in frames], [mark for frames, mark in parts for _ in frames])
