"""`jurybox score FILE.jsonl`: judge the completions of a file, a line of output for a line of input.

    jurybox score answers.jsonl --judge math --gold solution -o judged.jsonl
    jurybox score answers.jsonl --reward my_rewards:reward -o judged.jsonl
    jurybox score answers.jsonl --reward my_rewards:reward --explain 17

An input line is an object with `completion` (text or messages), if it has one `prompt`, and the columns that the judge
reads. An output line is the input line with `passed`, `score`, the whole `verdict`, and who judged it; a line that
cannot be judged has an `error` instead; what is wrong with the first rows' gold answers, tests or rules is said before
they are judged. The same command again goes on where a stopped one was.

Exit status: 0, 1 when some rows were bad, 2 when nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import IO, TextIO

from . import judging, selection
from .ahead import look_ahead
from .lines import size_of
from .mistakes import Mistake
from .progress import progress
from .records import Records
from .rows import Row, Rows
from .summary import Summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("file", type=Path, help="JSONL (.gz too), Parquet, or - for a pipe: one object a line")
    selection.add_arguments(parser)
    parser.add_argument("-o", "--output", metavar="OUT.jsonl", type=Path, help="where judged rows go; - for a pipe")
    parser.add_argument("--explain", metavar="ROW", type=natural, help="only print the verdict on this row, from 0")
    parser.add_argument("--completion", metavar="COLUMN", default="completion", help="default: %(default)s")
    parser.add_argument("--prompt", metavar="COLUMN", default="prompt", help="default: %(default)s")
    parser.add_argument("--slim", action="store_true", help="write verdicts without the input's columns")
    parser.add_argument("--overwrite", action="store_true", help="start anew instead of keeping what OUT has")
    parser.add_argument("--limit", metavar="ROWS", type=natural, help="judge only so many rows of the file")
    parser.add_argument("--batch", metavar="ROWS", type=positive, default=256, help="default: %(default)s")
    parser.add_argument(
        "--workers", metavar="N", type=positive, default=1, help="processes for a slow judge; default: %(default)s"
    )


def run(args: argparse.Namespace) -> int:
    """Judge the file."""
    log = logging.getLogger("jurybox")
    before = log.level
    log.setLevel(logging.CRITICAL)  # the summary tells what failed, once
    try:
        return _run(args)
    finally:
        log.setLevel(before)


def _run(args: argparse.Namespace) -> int:
    reward = selection.select(args)
    source = Rows(args.file, reward, args.completion, args.prompt)
    try:
        if args.explain is not None:
            return _explain(source, args.explain)
        return _score(args, source)
    finally:
        reward.close()


def _explain(source: Rows, number: int) -> int:
    row = next(islice(source, number, None), None)
    if row is None:
        raise Mistake(f"{source.path} has no row {number} (rows count from 0)")
    if row.error:
        print(f"jurybox: row {number}, line {row.line}: {row.error}", file=sys.stderr)
        return 1
    try:
        explanation = judging.explain(source, row)
    except (TypeError, ValueError) as error:  # what the reward refuses of this row, as `judge_rows` does
        print(f"jurybox: row {number}, line {row.line}: {judging.refusal(error)}", file=sys.stderr)
        return 1
    print(explanation)
    print(json.dumps(explanation.verdict.to_dict(), indent=2, ensure_ascii=not _writes_unicode(sys.stdout)))
    return 0


def _score(args: argparse.Namespace, source: Rows) -> int:
    if args.output is None:
        raise Mistake("give -o OUT.jsonl for the judged rows, or --explain ROW to look at one")
    if args.output.is_file() and args.file.exists() and args.output.samefile(args.file):
        raise Mistake(f"{args.output} is the input; the judged rows need a file of their own")
    records = Records(args.output, selection.identity(args, source.reward), args.slim)
    summary, start = Summary(), perf_counter()
    rows = iter(source)
    for line in () if args.overwrite else records.kept(rows):
        summary.add(line, kept=True)
    if records.mended:
        for line in records.replace(judging.judge_rows(source, records.mended)):
            summary.add(line)
    done = summary.kept + len(records.mended)
    rest = rows if args.limit is None else islice(rows, max(args.limit - done, 0))
    with records.open(args.overwrite) as file, judging.Workers(args.workers) as workers:
        _judge(args, source, look_ahead(source, rest), records, file, summary, workers)
    print(summary.text(perf_counter() - start), file=sys.stderr if records.is_stream else sys.stdout)
    return _report_bad_rows(summary)


def _judge(
    args: argparse.Namespace,
    source: Rows,
    rows: Iterator[Row],
    records: Records,
    file: IO[bytes],
    summary: Summary,
    workers: judging.Workers,
) -> None:
    """Judge the rows, write and count them, and show how far it is."""
    done = summary.kept + len(records.mended)
    with progress(size_of(source.path)) as show:
        for batch in judging.batches(rows, args.batch, args.prompt, judging.is_grouped(source.reward)):
            for line in records.write(file, workers.judge_rows(source, batch)):
                summary.add(line)
            done += len(batch)
            show(batch[-1].end, done)


def _report_bad_rows(summary: Summary) -> int:
    for error in summary.first_bad:
        print(f"bad row: {error}", file=sys.stderr)
    if summary.bad > len(summary.first_bad):
        print(f"… and {summary.bad - len(summary.first_bad)} more bad rows", file=sys.stderr)
    return 1 if summary.bad else 0


def _writes_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def natural(text: str) -> int:
    """An argument: a whole number from 0."""
    return _at_least(0, text)


def positive(text: str) -> int:
    """An argument: a whole number from 1."""
    return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}")
    return number


def share(text: str) -> float:
    """An argument: a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be a share from 0 to 1")
    return number
