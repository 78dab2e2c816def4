"""Hunt for completions that break a rule of SECURITY.md.

python -m jurybox.benchmarks.redteam --minutes 10
python -m jurybox.benchmarks.redteam --judge math --corpus attacks.jsonl --json found.json

The exit status is 1 where a rule was broken. The same seed hunts in the same order.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .hunt import Tally, corpus, hunt
from .targets import Target, targets


def main(argv: Sequence[str] | None = None) -> int:
    """Hunt every target for its share of the time, print a table and what was found."""
    args = _parser().parse_args(argv)
    console = Console()
    chosen = targets(args.judge)
    if not chosen:
        print(f"no judge has {args.judge!r} in its name; there are:", file=sys.stderr)
        print(*(f"  {target.name}" for target in targets()), sep="\n", file=sys.stderr)
        return 2
    log = logging.getLogger("jurybox")
    before = log.level
    log.setLevel(logging.CRITICAL)  # an exception is counted here, not logged a thousand times
    try:
        return _hunt_all(args, chosen, console)
    finally:
        log.setLevel(before)


def _hunt_all(args: argparse.Namespace, chosen: Sequence[Target], console: Console) -> int:
    texts = corpus(args.corpus, args.seed)
    tallies = []
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[verdicts]} verdicts"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=len(chosen), verdicts=0)
        total = 0
        for target in chosen:
            bar.update(task, description=target.name[:60])
            tallies.append(hunt(target, texts, 60 * args.minutes / len(chosen), args.seed))
            total += tallies[-1].verdicts
            bar.update(task, advance=1, verdicts=total)
            target.judge.close()
    console.print(_table(tallies))
    found = [violation for tally in tallies for violation in tally.violations]
    for violation in found:
        console.print(
            f"{violation.target}\n  {violation.what}\n  {violation.completion!r:.300}\n  {violation.columns!r:.200}",
            markup=False,
        )
    if args.json:
        args.json.write_text(json.dumps([dataclasses.asdict(tally) for tally in tallies], indent=1, default=repr))
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jurybox.benchmarks.redteam",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, default=1.0, help="in all, shared by the targets (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--judge", metavar="LETTERS", help="only targets with these letters in their name")
    parser.add_argument(
        "--corpus", type=Path, nargs="*", default=[], metavar="FILE", help="JSON Lines with completions to start from"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tallies there")
    return parser


def _table(tallies: Sequence[Tally]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("TARGET", max_width=36, no_wrap=True, overflow="ellipsis")
    for heading in ("VERDICTS", "BROKEN", "SLOWEST, CPU s"):
        table.add_column(heading, justify="right")
    for tally in tallies:
        table.add_row(tally.target, f"{tally.verdicts:,}", str(tally.broken), f"{tally.slowest:.3f}")
    table.add_row(
        "in all",
        f"{sum(t.verdicts for t in tallies):,}",
        str(sum(t.broken for t in tallies)),
        f"{max(t.slowest for t in tallies):.3f}",
    )
    return table


if __name__ == "__main__":
    sys.exit(main())
