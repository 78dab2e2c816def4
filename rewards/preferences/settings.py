"""How pairs are made: what goes into the manifest of an output folder, so that nothing else is mixed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Select = Literal["best_worst", "first_round", "tournament", "rso", "rso_tournament"]

CANDIDATES_FOR_ONE_KEPT = 8  # the paper keeps 8 of 64


@dataclass(frozen=True)
class Settings:
    """The options of `preferences` that decide what comes out; see there.

    Raises:
        ValueError: an option without meaning; the message says what would have one.
    """

    k: int = 8
    select: Select = "best_worst"
    beta: float = 0.5
    keep: int | None = None
    min_margin: float = 0.0
    both_orders: bool = True
    merge_duplicates: bool = True
    prompt: str = "prompt"
    columns: tuple[str, ...] = ()
    seed: int = 0
    chunk: int = 64

    def __post_init__(self) -> None:
        if self.k < 2:
            raise ValueError(f"k={self.k}: a pair takes 2 candidates or more")
        if self.select not in get_args(Select):
            raise ValueError(f"select={self.select!r}: give {', '.join(map(repr, get_args(Select)))}")
        if not (self.beta >= 0 and math.isfinite(self.beta)):
            raise ValueError(f"beta={self.beta!r}: give 0 (the best ones) or a positive sampling temperature")
        if self.keep is not None and self.keep < 2:
            raise ValueError(f"keep={self.keep}: a pair takes 2 accepted candidates or more")
        if not (self.min_margin >= 0 and math.isfinite(self.min_margin)):
            raise ValueError(f"min_margin={self.min_margin!r}: give 0 or a positive difference of scores")
        if self.chunk < 1:
            raise ValueError(f"chunk={self.chunk}: give 1 row or more")

    @property
    def rejects(self) -> bool:
        """Whether candidates go through rejection sampling."""
        return self.select.startswith("rso")

    @property
    def ranks(self) -> bool:
        """Whether candidates need a reward each, and not only to be compared."""
        return self.rejects or self.select == "best_worst"

    def kept_of(self, candidates: int) -> int:
        """How many of so many candidates are to be accepted."""
        return self.keep or max(2, candidates // CANDIDATES_FOR_ONE_KEPT)
