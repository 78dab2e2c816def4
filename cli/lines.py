"""The lines of an input, wherever they come from: a file, a pipe, standard input, gzip, a Parquet table."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..judges.verdict import json_safe
from .mistakes import Mistake, missing_extra

LONGEST = 64 << 20  # bytes of one line; of a longer one only the beginning is kept
STANDARD_INPUT = Path("-")


def size_of(path: Path) -> int | None:
    """Bytes to come, as far as they are known: what a progress bar counts to."""
    return path.stat().st_size if path.is_file() and path.suffix not in (".gz", ".parquet") else None


def check(path: Path) -> None:
    """Look at an input before anything is judged or written; what comes through a pipe is looked at when it is read.

    Raises:
        Mistake: there is nothing of this name, or it is not made of lines of JSON: the message says what it seems.
    """
    if path != STANDARD_INPUT and (path.is_dir() or not path.exists()):
        raise Mistake(f"there is no file {path}")
    if path.is_file() and path.suffix != ".parquet":
        with _opened(path) as file:
            _check_form(path, file)


def lines(path: Path) -> Iterator[tuple[bytes, int]]:
    """Each line with the bytes it took. Raises Mistake as `check` does."""
    if path.suffix == ".parquet":
        yield from _table_rows(path)
        return
    with _opened(path) as file:
        _check_form(path, file)
        while text := file.readline(LONGEST + 1):
            size = len(text)
            rest = text
            while len(rest) > LONGEST and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST + 1)
                size += len(rest)
            yield text, size


def _opened(path: Path) -> Any:
    raw: Any = sys.stdin.buffer if path == STANDARD_INPUT else path.open("rb")
    file = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
    if file.peek(2)[:2] == b"\x1f\x8b":
        unpacked: Any = gzip.GzipFile(fileobj=file)
        return io.BufferedReader(unpacked)
    return file


def _check_form(path: Path, file: Any) -> None:
    """Look at the beginning: what is no JSON Lines at all is told once, not for every line."""
    beginning = file.peek(4096)[:4096]
    if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") or beginning[:64].count(0) > 8:
        raise Mistake(f"{path} seems to be UTF-16: convert it to UTF-8, e.g. iconv -f UTF-16 -t UTF-8 {path}")
    first = next((line for line in beginning.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()), b"").strip()
    if first.startswith(b"["):
        raise Mistake(f"{path} seems to be one JSON array: write one object a line, e.g. jq -c '.[]' {path}")
    if first == b"{":
        raise Mistake(f"{path} seems to be pretty-printed JSON: write each object on one line, e.g. jq -c . {path}")


def _table_rows(path: Path) -> Iterator[tuple[bytes, int]]:
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    for batch in ParquetFile(path).iter_batches(batch_size=256):
        for row in batch.to_pylist():
            text = json.dumps(json_safe(row)).encode()
            yield text, len(text)
