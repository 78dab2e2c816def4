"""`jurybox calibrate JUDGE FILE`: what a judge is worth against labels of people.

    jurybox calibrate my_rewards:polite labelled.jsonl --label human
    jurybox calibrate my_rewards:better pairs.jsonl --label preferred        rows with `first` and `second`

JUDGE is `module:attribute`, or a judge's name. A label is true or false, a number in [0, 1], or, for a judge of two
answers, "first", "second" or "tie". It prints accuracy, precision, recall and κ with 95 % intervals beside the base
rate, by `--slice COLUMN` too; for scores AUC, Brier score, calibration error and the reliability curve; for two answers
how often the place decides, and how often preferences go round in circles. `-o calibration.json` keeps it, by judge and
model, for `judge.trusted(min_kappa=0.6)`.

Exit status: 0, 1 when κ is below `--min-kappa`, 2 when nothing could be done.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..judges.pairwise import Pair, PairwiseJudge
from ..judges.trust import identity
from ..rewards.audit.calibration import Measures, against_labels, of_pairs, save, sliced
from . import judging, selection
from .mistakes import Mistake
from .rows import Row, Rows
from .summary import table

WORDS = {"first": 1.0, "a": 1.0, "second": 0.0, "b": 0.0, "tie": 0.5, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("judge", metavar="JUDGE", help="module:attribute, or a judge's name")
    parser.add_argument("file", type=Path, help="labelled answers: JSONL (.gz too), Parquet, or - for a pipe")
    parser.add_argument("--label", metavar="COLUMN", default="label", help="default: %(default)s")
    parser.add_argument("--slice", metavar="COLUMN", help="also by the values of this column")
    selection.add_options(parser)
    parser.add_argument("--completion", metavar="COLUMN", default="completion", help="default: %(default)s")
    parser.add_argument("--prompt", metavar="COLUMN", default="prompt", help="default: %(default)s")
    parser.add_argument("-o", "--output", metavar="FILE.json", type=Path, help="keep the measures, by judge and model")
    parser.add_argument("--min-kappa", metavar="K", type=float, help="exit with 1 when κ is below")


def run(args: argparse.Namespace) -> int:
    """Judge the labelled rows."""
    judge = selection.named(args.judge, args)
    measured = _pairs(args, judge) if isinstance(judge, PairwiseJudge) else _answers(args, judge)
    print(text(measured))
    if args.output is not None:
        save(args.output, identity(judge), measured)
    kappa = measured.get("kappa")
    return int(args.min_kappa is not None and (kappa is None or kappa < args.min_kappa))


def _answers(args: argparse.Namespace, judge: Any) -> Measures:
    reward = selection.find(args.judge, args)
    source = Rows(args.file, reward, args.completion, args.prompt)
    rows = _usable(args, [row for row in source if not row.error])
    said = [(row, verdict) for row, verdict in judging.judge_rows(source, rows) if verdict is not None]
    verdicts, labels = [verdict for _, verdict in said], [label(row.columns[args.label]) for row, _ in said]
    measured = against_labels(verdicts, labels)
    if args.slice:
        measured["slices"] = sliced(verdicts, labels, [row.columns.get(args.slice) for row, _ in said])
    return measured


def _pairs(args: argparse.Namespace, judge: PairwiseJudge) -> Measures:
    found = [row for row in Rows(args.file, selection.nothing(), "first", args.prompt) if not row.error]
    rows = [row.columns for row in _usable(args, found) if "second" in row.columns]
    pairs = [Pair(row.get(args.prompt), row["first"], row["second"], row) for row in rows]
    return of_pairs(judge, pairs, [label(row[args.label]) for row in rows])


def _usable(args: argparse.Namespace, rows: Sequence[Row]) -> list[Row]:
    usable = [row for row in rows if row.columns.get(args.label) is not None]
    if not usable:
        raise Mistake(
            f"{args.file} has no row with a label in {args.label!r} that can be judged; --label names another"
        )
    return usable


def label(value: Any) -> float:
    """A label as a number in [0, 1].

    Raises:
        Mistake: it is none.
    """
    known = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(known, (bool, int, float)) and 0 <= known <= 1:
        return float(known)
    raise Mistake(f"{value!r} is no label: write true, false, a number from 0 to 1, or first, second, tie")


def text(measured: Mapping[str, Any]) -> str:
    """The report."""
    lines = [f"{measured['rows']} labelled rows, {measured['abstained']} without a verdict"]
    lines += _numbers(measured)
    for score, share, count in measured.get("reliability", ()):
        lines.append(f"  scored {score:.2f}: {share:6.1%} of {count}  {'█' * round(30 * share)}")
    if slices := measured.get("slices"):
        rows = [(name, str(m["rows"]), *(_said(m.get(key)) for key in KEYS)) for name, m in slices.items()]
        lines += ["", *table(["", "rows", *KEYS], rows)]
    return "\n".join(lines)


KEYS = ("accuracy", "base_rate", "kappa")


def _numbers(measured: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in measured.items():
        if isinstance(value, (float, type(None))):
            ends = measured.get(f"{name}_interval")
            lines.append(f"{name:<16} {_said(value)}" + (f"  ({ends[0]:.3f} to {ends[1]:.3f})" if ends else ""))
    return lines


def _said(value: Any) -> str:
    return "undefined" if value is None else f"{value:.3f}"
