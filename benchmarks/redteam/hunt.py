"""The hunt itself: mutate, judge, measure, check, and make what broke a rule small."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from .cases import PROMPT
from .corpus import TOWERS, completions
from .mutation import mutated
from .rules import CPU_SECONDS, broken
from .targets import Target

KEPT = 5  # violations of a target that are made small and shown; the rest are counted
SEEDS = 3000  # completions of the corpus that mutation starts from


@dataclass(frozen=True)
class Violation:
    """A completion that broke a rule, as small as it was made, with the columns it was judged beside."""

    target: str
    what: str
    completion: Any
    columns: dict[str, Any]


@dataclass
class Tally:
    """What came of hunting one target. `slowest` is CPU seconds of this process for one verdict."""

    target: str
    verdicts: int = 0
    broken: int = 0
    slowest: float = 0.0
    violations: list[Violation] = field(default_factory=list)


def corpus(files: Iterable[Path] = (), seed: int = 0) -> list[Any]:
    """The shipped corpus, and the `completion`, `prediction` or `code` of each row of JSON Lines files."""
    texts: list[Any] = [*completions(SEEDS, seed), *TOWERS]
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line) if line.strip() else {}
            texts += [row[name] for name in ("completion", "prediction", "code") if name in row]
    return texts


def hunt(target: Target, texts: Sequence[Any], seconds: float, seed: int) -> Tally:
    """Judge mutated completions for `seconds` of the clock, at least one batch; a seed hunts in one order."""
    rng = random.Random(f"{seed} {target.name}")
    strings = [text for text in texts if isinstance(text, str)]
    tally, until = Tally(target.name), monotonic() + seconds
    target.judge.verdicts([""], [PROMPT], **target.rows(1, rng))  # starts imports and processes unmeasured
    while True:
        batch = [_next(texts, strings, rng) for _ in range(target.batch)]
        examine(target, batch, target.rows(len(batch), rng), tally)
        if monotonic() >= until:
            return tally


def _next(texts: Sequence[Any], strings: Sequence[str], rng: random.Random) -> Any:
    chosen = rng.choice(texts)
    if not isinstance(chosen, str) or rng.random() < 0.05:
        return chosen
    return mutated(chosen, strings, rng)


def examine(target: Target, batch: Sequence[Any], columns: dict[str, list[Any]], tally: Tally) -> None:
    """Judge every completion alone, then all of them at once: the verdicts are the same, or as good if relative."""
    rows = [{name: values[place] for name, values in columns.items()} for place in range(len(batch))]
    alone = [_alone(target, completion, row) for completion, row in zip(batch, rows, strict=True)]
    together: Sequence[Any]
    try:
        together = target.judge.verdicts(batch, [PROMPT] * len(batch), **columns)
    except Exception as error:
        together = [_raised(error)] * len(batch)
    for completion, row, (verdict, what, seconds), other in zip(batch, rows, alone, together, strict=True):
        tally.verdicts += 1
        tally.slowest = max(tally.slowest, seconds)
        if what is None and target.relative:
            what = broken(target.judge, completion, other)
        elif what is None and not _same(verdict, other):
            what = f"another verdict in a batch: {other!r}, alone {verdict!r}"
        if what is None:
            continue
        tally.broken += 1
        if len(tally.violations) < KEPT:
            tally.violations.append(Violation(target.name, what, _small(target, completion, row, what), row))


def _same(alone: Any, other: Any) -> bool:
    """Whether two verdicts have the same score; a forward pass over other rows may round in another way."""
    scores = [getattr(verdict, "score", math.nan) for verdict in (alone, other)]
    return scores[0] == scores[1] or (None not in scores and math.isclose(*scores, abs_tol=1e-6))


def _small(target: Target, completion: Any, row: dict[str, Any], what: str) -> Any:
    """A smaller completion that breaks the same rule beside the same columns."""
    kind = what.partition(":")[0]

    def breaks(text: str) -> bool:
        other = _alone(target, text, row)[1]
        return other is not None and other.partition(":")[0] == kind

    return smallest(completion, breaks, tries=8 if kind == "took long" else 60)


def _raised(error: Exception) -> str:
    """What a raised exception is called in a report."""
    return f"raised: {type(error).__name__}: {error}"[:300]


def _alone(target: Target, completion: Any, row: dict[str, Any]) -> tuple[Any, str | None, float]:
    """(the verdict, what it breaks, CPU seconds)."""
    start = process_time()
    try:
        verdict = target.judge.verdict(completion, PROMPT, **row)
    except Exception as error:
        return None, _raised(error), process_time() - start
    spent = process_time() - start
    if spent > CPU_SECONDS:
        return verdict, f"took long: {spent:.1f} s of CPU", spent
    return verdict, broken(target.judge, completion, verdict), spent


def smallest(completion: Any, breaks: Callable[[str], bool], tries: int = 60) -> Any:
    """`completion` with pieces left out as long as `breaks` holds: halves, quarters and so on, `tries` at most."""
    if not isinstance(completion, str):
        return completion
    size = len(completion) // 2
    while size and tries:
        start = 0
        while start < len(completion) and tries:
            shorter = completion[:start] + completion[start + size :]
            tries -= 1
            if breaks(shorter):
                completion = shorter
            else:
                start += size
        size //= 2
    return completion
