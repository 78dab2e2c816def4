"""Honest ratios on a busy machine: the two things are timed in turn, and the ratio is taken pair by pair."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """How many times as long `theirs` took as `ours`, over alternated repetitions."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def pairs(self) -> list[float]:
        """The ratio of each repetition."""
        return [b / a for a, b in zip(self.ours, self.theirs, strict=True)]

    @property
    def median(self) -> float:
        """The ratio to quote."""
        return statistics.median(self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a results file."""
        return {
            "ratio": {"median": self.median, "min": min(self.pairs), "max": max(self.pairs)},
            "ours_s": statistics.median(self.ours),
            "theirs_s": statistics.median(self.theirs),
            "repetitions": len(self.ours),
        }

    def __str__(self) -> str:
        return f"{self.median:.2f}x ({min(self.pairs):.2f} to {max(self.pairs):.2f}, {len(self.pairs)} pairs)"


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def compare(ours: Callable[[], object], theirs: Callable[[], object], repeats: int = 5, warmup: int = 1) -> Ratio:
    """Time `ours` and `theirs` in turn, `repeats` times each, after `warmup` calls that are not counted."""
    for _ in range(warmup):
        ours()
        theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    return Ratio(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def arguments(description: str | None, argv: Sequence[str] | None = None, repeats: int = 5) -> argparse.Namespace:
    """The options that every benchmark of speed has: `--repeats` and `--json`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=repeats, help="alternated repetitions (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the numbers")
    return parser.parse_args(argv)


def save(path: Path | None, results: Mapping[str, Any]) -> None:
    """Write the numbers as JSON, when a file was asked for."""
    if path is not None:
        path.write_text(json.dumps(results, indent=2) + "\n")
