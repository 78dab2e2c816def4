"""`jurybox compare OLD NEW FILE`: judge stored completions with two rewards, and say what changes.

    jurybox compare my_rewards:reward my_rewards_v2:reward answers.jsonl
    jurybox compare column:score my_rewards:reward judged.jsonl          recorded scores against today's
    jurybox compare math exact runs/ngrpo --gold solution                the completions of a TRL run
    jurybox compare old:reward new:reward answers.jsonl --max-changed 0.01

OLD and NEW are `module:attribute`, a judge's name (options as of `jurybox score`), or `column:NAME`. FILE is JSONL (.gz
too) or Parquet, or a folder of a run with `completions/`; rollouts of verifiers and NeMo-Gym are read as they are.

It prints how often both say the same, how the mean shifts, what a group-relative trainer would notice (whose answers to
a prompt change places), and the rows that changed most, one of each kind, with both trees.

Exit status: 0, 1 when more rows changed than `--max-changed` allows or some were bad, 2 when nothing could be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from ..judges.verdict import shorten
from ..rewards import Reward
from ..rewards.audit import Change, Comparison
from ..rewards.explanation import tree
from . import judging, selection
from .lines import size_of
from .progress import progress
from .rollouts import files_of
from .rows import Row, Rows
from .score import natural, positive, share
from .summary import table

WIDEST = 300  # characters of a completion that are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("old", metavar="OLD", help="module:attribute, a judge's name, or column:NAME")
    parser.add_argument("new", metavar="NEW", help="the same")
    parser.add_argument("file", type=Path, help="JSONL (.gz too), Parquet, a folder of a run, or - for a pipe")
    selection.add_options(parser)
    parser.add_argument("--completion", metavar="COLUMN", default="completion", help="default: %(default)s")
    parser.add_argument("--prompt", metavar="COLUMN", default="prompt", help="default: %(default)s")
    parser.add_argument("--max-changed", metavar="SHARE", type=share, help="exit with 1 when more of the rows change")
    parser.add_argument(
        "--show", metavar="N", type=natural, default=5, help="kinds of change to show; default: %(default)s"
    )
    parser.add_argument("--batch", metavar="ROWS", type=positive, default=256, help="default: %(default)s")


def run(args: argparse.Namespace) -> int:
    """Judge the rows twice."""
    rewards = [selection.find(words, args) for words in (args.old, args.new)]
    comparison, bad = Comparison(), Bad()
    try:
        for path in files_of(args.file):
            _compare(args, path, rewards, comparison, bad)
    finally:
        for reward in rewards:
            reward.close()
    print(text(comparison, args.old, args.new))
    for change in comparison.changes[: args.show]:
        print("\n" + shown(change, args.completion, rewards, (args.old, args.new)))
    bad.report()
    too_many = args.max_changed is not None and comparison.share_changed > args.max_changed
    if too_many:
        print(f"\n{comparison.share_changed:.2%} of the rows changed, more than {args.max_changed:.2%}")
    return int(too_many or bad.count > 0)


class Bad:
    """Rows that one of the two cannot judge: counted, the first ones told."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, path: Path, row: Row) -> None:
        """Count a row."""
        self.count += 1
        if len(self.first) < 10:
            self.first.append(f"bad row: {path.name}, line {row.line}: {row.error}")

    def report(self) -> None:
        """Say them on standard error."""
        for line in self.first:
            print(line, file=sys.stderr)
        if self.count > len(self.first):
            print(f"… and {self.count - len(self.first)} more bad rows", file=sys.stderr)


def _compare(args: argparse.Namespace, path: Path, rewards: list[Reward], comparison: Comparison, bad: Bad) -> None:
    sources = [Rows(path, reward, args.completion, args.prompt) for reward in rewards]
    together = any(map(judging.is_grouped, rewards))
    with progress(size_of(path)) as show:
        for batch in judging.batches(_fit(sources, path, bad), args.batch, args.prompt, together):
            judged = [judging.judge_rows(source, batch) for source in sources]
            for (row, old), (other, new) in zip(*judged, strict=True):
                if old is None or new is None:
                    bad.add(path, row if old is None else other)
                else:
                    comparison.add(_group(path, row, args.prompt), old, new, row.columns)
            show(batch[-1].end, len(comparison))


def _fit(sources: list[Rows], path: Path, bad: Bad) -> Iterator[Row]:
    """The rows that both can judge."""
    first, second = sources
    for row in first:
        error = row.error or second.unfit(row.columns)
        if error:
            bad.add(path, Row(row.number, row.line, row.digest, row.columns, row.end, error))
        else:
            yield row


def _group(path: Path, row: Row, prompt: str) -> Hashable:
    """Answers to one prompt, of one step where a run tells it; a row without a prompt is alone."""
    if row.columns.get(prompt) is None:
        return path, row.number
    return hash((path, repr(row.columns[prompt]), row.columns.get("step")))


def text(comparison: Comparison, old: str, new: str) -> str:
    """What is printed of all rows."""
    share = f"{comparison.changed} of {len(comparison)} rows changed ({comparison.share_changed:.2%})"
    if comparison.means is None:
        return share
    both = len(comparison) - max(comparison.abstained)
    rows = [
        (name, f"{mean:.4f}", str(passed), str(abstained))
        for name, mean, passed, abstained in zip(
            (old, new), comparison.means, comparison.passed, comparison.abstained, strict=True
        )
    ]
    kappa = "undefined, both say one thing only" if comparison.kappa is None else f"{comparison.kappa:.3f}"
    lines = [share, *table(["", "mean", "passed", "abstain"], rows)]
    lines.append(f"mean shift {comparison.mean_shift:+.4f} over the rows that both score")
    lines.append(f"passed or failed: same for {comparison.agreement:.2%}, κ {kappa}" if both else "")
    if groups := comparison.groups():
        tau = f", rank correlation {groups['rank correlation']:.3f}" if "rank correlation" in groups else ""
        lines.append(
            f"in {groups['groups']:.0f} groups of one prompt: order changes in {groups['order changed']:.2%}, the best "
            f"answer in {groups['best changed']:.2%}{tau}; not all equal in {groups['alive before']:.2%} before, "
            f"{groups['alive after']:.2%} after"
        )
    return "\n".join(filter(None, lines))


def shown(change: Change, completion: str, rewards: list[Reward], names: tuple[str, str]) -> str:
    """A row that changed, with both trees."""
    said: Any = change.columns[completion]
    like = f", and {change.rows - 1} like it" if change.rows > 1 else ""
    lines = [f"row {change.row}{like}: {shorten(said, WIDEST)}"]
    for name, reward, verdict in zip(names, rewards, (change.old, change.new), strict=True):
        lines += [f"  {name}", *(f"    {line}" for line in tree(verdict, reward.name).splitlines())]
    return "\n".join(lines)
