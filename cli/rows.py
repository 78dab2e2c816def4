"""The rows of a JSONL file, one at a time: what cannot be judged becomes a row with an error, never an exception."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..judges.completion import completion_text
from ..judges.verdict import json_safe
from ..rewards import Reward
from ..rewards.rows import needed
from .lines import LONGEST, check, lines
from .rollouts import as_row


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the input.

    Attributes:
        number: counted from 0, blank lines left out.
        line: the line of the file, counted from 1.
        digest: of the line's bytes; what a resumed run recognises a row by.
        columns: the columns, as data that JSON can hold.
        end: bytes of the file up to the end of this line, for the progress bar.
        error: why the row cannot be judged, or "".
    """

    number: int
    line: int
    digest: str
    columns: Mapping[str, Any]
    end: int
    error: str = ""


class Rows:
    """The rows of a file, checked against what a reward needs to read.

    completion, prompt: the names of the columns that hold them; a row without a prompt is fine.
    """

    def __init__(self, path: Path, reward: Reward, completion: str, prompt: str) -> None:
        check(path)
        self.path = path
        self.reward = reward
        self.completion = completion
        self.prompt = prompt

    def __iter__(self) -> Iterator[Row]:
        number = end = 0
        for line, (text, size) in enumerate(lines(self.path), start=1):
            end += size
            if text.strip():
                yield self._row(number, line, text, end)
                number += 1

    def _row(self, number: int, line: int, text: bytes, end: int) -> Row:
        columns, error = _parse(text)
        return Row(number, line, digest(text), columns, end, error or self.unfit(columns))

    def unfit(self, columns: Mapping[str, Any]) -> str:
        """Why these columns cannot be judged, or nothing."""
        has = ", ".join(columns) or "none"
        if self.completion not in columns:
            return f"no completion: no column {self.completion!r} (the row has: {has}); --completion names another"
        try:
            completion_text(columns[self.completion])
        except (TypeError, AttributeError) as error:
            return str(error)
        missing = [column for column in needed(self.reward, columns) if column not in columns]
        return f"no column {missing[0]!r} (the row has: {has})" if missing else ""


def digest(text: bytes) -> str:
    """Sixteen hexadecimal digits that tell one line from another, line ends left out."""
    return hashlib.blake2b(text.strip(), digest_size=8).hexdigest()


def _parse(text: bytes) -> tuple[dict[str, Any], str]:
    if len(text) > LONGEST:
        return {}, f"longer than {LONGEST >> 20} MiB"
    try:
        columns = json.loads(text.decode("utf-8-sig"))
        if not isinstance(columns, dict):
            return {}, f"not a JSON object but {type(columns).__name__}"
        return as_row(json_safe(columns)), ""
    except RecursionError:
        return {}, "nested too deeply"
    except json.JSONDecodeError as error:
        return {}, f"not JSON: {error.msg}, at character {error.pos}"
    except ValueError as error:  # no UTF-8, or a number too long to read
        return {}, f"not JSON: {error}"
