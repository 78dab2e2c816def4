"""How far it is: a bar on the terminal, and the summary."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

Show = Callable[[Mapping[str, int]], None]


@contextlib.contextmanager
def bar(rows: int | None, wanted: bool | None) -> Iterator[Show]:
    """Gives a function to call with the tally so far; by default it draws on stderr when that is a terminal."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda tally: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("prompts, {task.fields[pairs]} pairs"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    tally: Mapping[str, int] = {}
    with Progress(*columns, console=console) as drawn:
        task = drawn.add_task("", total=rows, pairs=0)

        def show(now: Mapping[str, int]) -> None:
            nonlocal tally
            tally = dict(now)
            drawn.update(task, completed=now["prompts"], pairs=now["pairs"])

        yield show
    console.print(summary(tally), highlight=False)


def summary(tally: Mapping[str, int]) -> str:
    """What was made and what was dropped, in one line.

    >>> summary(Counter({"prompts": 2, "candidates": 16, "pairs": 1, "pairs tied": 1}))
    '1 pairs of 2 prompts, 16 candidates; dropped: 1 pairs tied'
    """
    counts = Counter(tally)
    pairs, prompts, candidates = (counts.pop(what, 0) for what in ("pairs", "prompts", "candidates"))
    made = f"{pairs} pairs of {prompts} prompts, {candidates} candidates"
    dropped = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{made}; dropped: {dropped}" if dropped else made
