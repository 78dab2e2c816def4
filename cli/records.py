"""The output of `score`: one line for each row, appended as it is judged, so that a run can be taken up again.

Every line says which row it answers, a digest of that row, and who judged it. Taking a run up again reads the lines
that are there against the input: another input or another judge is noticed at the first line that differs, whatever
happened to the file in between.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from ..judges import Verdict
from .mistakes import Mistake
from .rows import Row

STANDARD_OUTPUT = Path("-")
TAIL = 1 << 16  # bytes read at a time when looking for the last line


def record(row: Row, verdict: Verdict | None, judged_by: str, slim: bool) -> dict[str, Any]:
    """The line for one row; a bad row has no verdict and says its error.

    The input's columns come first, unless `slim`; columns of the names used here are replaced.
    """
    line: dict[str, Any] = {} if slim else dict(row.columns)
    line["passed"] = verdict.passed if verdict is not None else None
    line["score"] = verdict.score if verdict is not None else None
    line["verdict"] = verdict.to_dict() if verdict is not None else None
    line["judged"] = {"row": row.number, "input": row.digest, "by": judged_by}
    if row.error:
        line["error"] = f"line {row.line}: {row.error}"
    return line


class Records:
    """The output file.

    judged_by: the identity of the judge (`selection.identity`), written into every line.
    """

    def __init__(self, path: Path, judged_by: str, slim: bool = False) -> None:
        self.path = path
        self.judged_by = judged_by
        self.slim = slim
        self.mended: list[Row] = []  # rows that could not be judged then, and read otherwise now

    @property
    def is_stream(self) -> bool:
        """Whether the output is standard output, a pipe or a device: nothing can be taken up again there."""
        return self.path == STANDARD_OUTPUT or (self.path.exists() and not self.path.is_file())

    def kept(self, rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
        """The lines that are there already, each checked against the next row; a half-written last one is cut off.

        A row that had only an error, and has been mended in the input, is not kept but noted in `mended`.

        Raises:
            Mistake: a line answers another row or was written by another judge.
        """
        if self.is_stream or not self.path.exists():
            return
        _cut_half_line(self.path)
        with self.path.open("rb") as file:
            for place, text in enumerate(file, start=1):
                row = next(rows, None)
                line = self._checked(place, text, row)
                if row is not None and line["judged"]["input"] != row.digest:
                    self.mended.append(row)
                else:
                    yield line

    def replace(self, judged: Iterable[tuple[Row, Verdict | None]]) -> list[dict[str, Any]]:
        """Write the lines of mended rows in place of their errors; the file is replaced as a whole, or not at all."""
        lines = {row.number: record(row, verdict, self.judged_by, self.slim) for row, verdict in judged}
        fresh = self.path.with_name(f".{self.path.name}.mended")
        with self.path.open("rb") as old, fresh.open("wb") as new:
            for number, text in enumerate(old):
                new.write(_encode(lines[number]) if number in lines else text)
        fresh.replace(self.path)
        return list(lines.values())

    def _checked(self, place: int, text: bytes, row: Row | None) -> dict[str, Any]:
        where, way_out = f"{self.path} line {place}", "--overwrite starts anew"
        try:
            line: dict[str, Any] = json.loads(text)
            judged = line["judged"]
            there = judged["row"], judged["input"]
        except (ValueError, KeyError, TypeError) as error:
            raise Mistake(f"{where} was not written by this command; {way_out}") from error
        mended = line.get("verdict") is None and row is not None and there[0] == row.number
        if row is None or (there != (row.number, row.digest) and not mended):
            what = "a row that the input does not have" if row is None else f"another row than line {row.line}"
            raise Mistake(f"{where} answers {what} of the input: the input has changed; {way_out}")
        if judged["by"] != self.judged_by:
            raise Mistake(f"{where} was judged by {judged['by']}, this would be {self.judged_by}; {way_out}")
        return line

    def open(self, anew: bool) -> IO[bytes]:
        """The file, to append to."""
        if self.path == STANDARD_OUTPUT:
            return open(sys.stdout.fileno(), "wb", closefd=False)
        if self.is_stream:
            return self.path.open("wb")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.path.open("wb" if anew else "ab")

    def write(self, file: IO[bytes], rows: Iterable[tuple[Row, Verdict | None]]) -> list[dict[str, Any]]:
        """Append the lines of a batch and hand them to the operating system at once."""
        lines = [record(row, verdict, self.judged_by, self.slim) for row, verdict in rows]
        file.write(b"".join(map(_encode, lines)))
        file.flush()
        return lines


def _encode(line: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except UnicodeEncodeError:  # half a surrogate pair is no UTF-8, but JSON can spell it
        return (json.dumps(line, allow_nan=False) + "\n").encode()


def _cut_half_line(path: Path) -> None:
    """Cut off a last line without an end, or one that is no JSON: what a killed run leaves behind."""
    with path.open("r+b") as file:
        end = _last_line_end(file, file.seek(0, 2))
        start = _last_line_end(file, max(end - 1, 0))
        file.seek(start)
        try:
            json.loads(file.read(end - start) or b"null")
        except ValueError:
            end = start
        file.truncate(end)


def _last_line_end(file: IO[bytes], before: int) -> int:
    """The offset after the last line end in the first `before` bytes; 0 when there is none."""
    while before:
        start = max(before - TAIL, 0)
        file.seek(start)
        found = file.read(before - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        before = start
    return 0
