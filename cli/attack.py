"""`jurybox attack REWARD FILE`: find out what pays, before a policy does.

    jurybox attack my_rewards:reward answers.jsonl
    jurybox attack my_rewards:reward answers.jsonl --truth math --gold solution
    jurybox attack my_rewards:reward answers.jsonl --truth column:is_right

FILE holds honest answers, some right and some wrong, with the columns that the reward reads. Each node of the reward
offers what it could be paid with: tags around nothing, all options, every number in one list, the visible tests by
heart, the schema itself, words that a learned judge likes. What pays is crossed with what else pays. An attack pays
when it earns more than an honest wrong answer in the best form, and more than a blind guess, by `--margin` of what a
right answer is worth more; or when it makes the reward abstain.

Which answers are right says `--truth`: a judge or reward whose verdicts pass, or `column:NAME`. Without it, the reward
itself; where it passes nothing at all, as a learned one, each prompt's best answer is the right one.

Exit status: 0, 1 when an attack pays, 2 when nothing could be done.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ..judges.verdict import shorten
from ..rewards import Reward
from ..rewards.audit import Audit, Outcome, attack, cases_of, paid_words
from . import selection
from .mistakes import Mistake
from .rollouts import files_of
from .rows import Rows
from .score import natural, positive, share
from .summary import table

WIDEST = 200  # characters of an attack that are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("reward", metavar="REWARD", help="module:attribute, or a judge's name")
    parser.add_argument("file", type=Path, help="honest answers: JSONL (.gz too), Parquet, a folder of a run, or -")
    parser.add_argument("--truth", metavar="JUDGE", help="which answers are right: as REWARD, or column:NAME")
    selection.add_options(parser)
    parser.add_argument("--completion", metavar="COLUMN", default="completion", help="default: %(default)s")
    parser.add_argument("--prompt", metavar="COLUMN", default="prompt", help="default: %(default)s")
    parser.add_argument(
        "--prompts", metavar="N", type=positive, default=32, help="prompts to try; default: %(default)s"
    )
    parser.add_argument("--limit", metavar="ROWS", type=positive, default=2000, help="rows read; default: %(default)s")
    parser.add_argument("--margin", metavar="SHARE", type=share, default=0.1, help="default: %(default)s")
    parser.add_argument("--show", metavar="N", type=natural, default=12, help="attacks to list; default: %(default)s")


def run(args: argparse.Namespace) -> int:
    """Attack the reward."""
    reward = selection.find(args.reward, args)
    truth = selection.find(args.truth, args) if args.truth else reward
    try:
        rows = [
            row.columns
            for path in files_of(args.file)
            for row in islice(Rows(path, reward, args.completion, args.prompt), args.limit)
            if not row.error
        ][: args.limit]
        if not rows:
            raise Mistake(f"{args.file} holds no row that {args.reward} can judge; `jurybox score` says why")
        cases = cases_of(
            rows,
            lambda some: right(truth, some, args.completion, args.prompt),
            completion=args.completion,
            prompt=args.prompt,
            most=args.prompts,
        )
        if not cases:
            raise Mistake(f"{args.file} has no wrong answer to measure by: give --truth, or more answers to a prompt")
        try:
            audit = attack(reward, cases, margin=args.margin, search=paid_words)
        except ValueError as error:
            raise Mistake(f"{args.reward}: {error}") from error
    finally:
        reward.close()
    print(text(audit, args.show))
    return int(bool(audit.paying))


def right(truth: Reward, rows: Sequence[Mapping[str, Any]], completion: str, prompt: str) -> list[bool | None]:
    """Whether each row passes; where none of several does, whether it is the best of its prompt."""
    if not rows:
        return []
    names = dict.fromkeys(name for row in rows for name in row if name not in (completion, prompt))
    columns = {name: [row.get(name) for row in rows] for name in names}
    columns |= {"completion_ids": [list(range(len(str(row[completion]).split()))) for row in rows]}
    verdicts = truth.verdicts([row[completion] for row in rows], [row.get(prompt) for row in rows], **columns)
    if any(verdict.passed for verdict in verdicts) or len({repr(row.get(prompt)) for row in rows}) == len(rows):
        return [verdict.passed for verdict in verdicts]
    best: dict[str, float] = {}
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.score is not None:
            key = repr(row.get(prompt))
            best[key] = max(verdict.score, best.get(key, verdict.score))
    return [
        None if verdict.score is None else verdict.score == best[repr(row.get(prompt))]
        for row, verdict in zip(rows, verdicts, strict=True)
    ]


def text(audit: Audit, show: int) -> str:
    """The report."""
    honest = f"honest answers to {audit.cases} prompts: wrong ones earn {audit.wrong:.3f} at best"
    honest += "" if audit.right is None else f", right ones {audit.right:.3f}"
    honest += f", a blind guess {audit.guess:.3f}"
    head = ["", "of", "earns", "gain", "share of right", "beats right", "abstains", ""]
    lines = [honest, *table(head, [_cells(outcome) for outcome in audit.outcomes[:show]])]
    if not audit.paying:
        return "\n".join([*lines, f"none of {len(audit.outcomes)} attacks pays"])
    lines.append(f"{len(audit.paying)} of {len(audit.outcomes)} attacks pay:")
    lines += [f"  {one.attack.name}: {shorten(one.attack.texts[one.best], WIDEST)}" for one in audit.paying[:show]]
    return "\n".join(lines)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    name = outcome.attack.name if len(outcome.attack.name) <= 60 else outcome.attack.name[:59] + "…"
    numbers = (f"{outcome.mean:.3f}", f"{outcome.gain:+.3f}", f"{outcome.share:+.0%}", f"{outcome.beats_right:.0%}")
    return (name, outcome.attack.of or "any", *numbers, f"{outcome.abstains:.0%}", "PAYS" if outcome.pays else "")
