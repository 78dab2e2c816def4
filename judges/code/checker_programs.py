"""An output judged by a checker that comes with the data: a program of its own, run in the box, never here."""

from __future__ import annotations

import os
from dataclasses import replace

from .outside.session import BREAKDOWNS, Session, claimed
from .outside.waiting import Run
from .results import TestResult, shown
from .suite import CheckerProgram, StdioTest

LONGEST_VERDICT = 1000  # bytes that a checker prints before its number is cut off


def checked_by_program(
    session: Session, test: StdioTest, checker: CheckerProgram, output: bytes, result: TestResult
) -> Run[TestResult]:
    """What the checker says of an output. One that raises, hangs or prints no number has not accepted it."""
    files = {"input.txt": test.stdin, "correct_output.txt": test.accepted[0] if test.accepted else "",
             "output.txt": output.decode(errors="replace")}  # fmt: skip
    stdin, stdout = os.open(os.devnull, os.O_RDONLY), os.memfd_create("verdict")
    try:
        child = yield from session.open("checker", streams=(stdin, stdout), checker=checker.source, files=files)
        turn = session.begin()
        try:
            message = yield from child.reply(turn)
        except BREAKDOWNS as error:
            ended = yield from session.breakdown(child, error, turn)
        else:
            session.end(turn)
            yield from session.close(child)
            ended = TestResult("ended") if message[:2] == ["ended", ""] else claimed(message)
        said = os.pread(stdout, LONGEST_VERDICT, 0).decode(errors="replace").split()
    finally:
        os.close(stdin)
        os.close(stdout)
    got = shown(files["output.txt"])
    if ended.label != "ended":
        detail = f"the checker did not end well: {ended.label} {ended.detail}".rstrip()
        return replace(result, label="wrong_answer", detail=detail[:300], got=got)
    score = _number(said[0] if said else "")
    return replace(result, label="passed" if score == 1.0 else "wrong_answer", score=score, got=got)


def _number(word: str) -> float:
    """The score that a checker prints; 0 where it prints no number in [0, 1]."""
    try:
        score = float(word)
    except ValueError:
        return 0.0
    return score if 0.0 <= score <= 1.0 else 0.0
