"""Real problems by path or hub name, brought to the columns `prompt` and `solution`.

load_rows("gsm8k_test.jsonl")                   # {"question": …, "answer": "… #### 18"}
load_rows("problems.jsonl")                     # {"prompt": …, "solution": …}
load_rows("openai/gsm8k:main", split="train")   # a hub data set, its configuration after the colon
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .tasks import Row

LAYOUTS = (("prompt", "solution"), ("problem", "solution"), ("question", "answer"), ("problem", "answer"))
FINAL_ANSWER = "####"  # GSM8K ends its worked answers with this mark and the number
HELD_OUT_SHARE = 8


def load_rows(name: str, *, split: str = "train", limit: int | None = None) -> list[Row]:
    """Return the rows of a JSONL file or a hub data set; the first of rows with equal prompts is kept.

    Raises FileNotFoundError for a path that is not there, and ValueError, naming file and line, for what is not
    JSON or has none of the layouts' columns.
    """
    records = _from_file(Path(name)) if _is_path(name) else _from_hub(name, split)
    rows: dict[object, Row] = {}
    for where, record in records:
        row = _row(where, record)
        rows.setdefault(row["prompt"], row)
        if limit is not None and len(rows) == limit:
            break
    if not rows:
        raise ValueError(f"{name} holds no rows")
    return list(rows.values())


def hold_out(rows: Iterable[Row], *, most: int = 256) -> tuple[list[Row], list[Row]]:
    """Return (training rows, held-out rows): one row in eight, at most `most`, chosen by the prompt's hash.

    Raises ValueError when there are fewer than two rows.
    """
    mixed = sorted(rows, key=lambda row: zlib.crc32(str(row["prompt"]).encode()))
    if len(mixed) < 2:
        raise ValueError(f"holding rows out needs at least two, got {len(mixed)}")
    count = min(max(len(mixed) // HELD_OUT_SHARE, 1), most)
    return mixed[count:], mixed[:count]


def _is_path(name: str) -> bool:
    return Path(name).exists() or name.endswith((".jsonl", ".json")) or name.startswith((".", "/", "~"))


def _from_file(path: Path) -> Iterator[tuple[str, Any]]:
    path = path.expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give a JSONL file or a hub name such as openai/gsm8k:main")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield f"{path}:{number}", json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}:{number}: not JSON ({error.msg}); one object a line is expected") from error


def _from_hub(name: str, split: str) -> Iterator[tuple[str, Any]]:
    from datasets import load_dataset

    repository, _, configuration = name.partition(":")
    try:
        dataset = load_dataset(repository, configuration or None, split=split)
    except Exception as error:  # the hub's client raises a dozen unrelated kinds
        raise ValueError(
            f"{name}: neither a file here nor a data set the hub gave ({type(error).__name__}: {error}); "
            "write PATH.jsonl or OWNER/NAME:CONFIGURATION"
        ) from error
    for number, record in enumerate(dataset):
        yield f"{name}[{number}]", record


def _row(where: str, record: Any) -> Row:
    if not isinstance(record, Mapping):
        raise ValueError(f"{where}: expected an object, got {type(record).__name__}")
    for asked, answered in LAYOUTS:
        if asked in record and answered in record:
            return {"prompt": record[asked], "solution": _final(str(record[answered]))}
    layouts = ", ".join("/".join(layout) for layout in LAYOUTS)
    raise ValueError(f"{where}: has the columns {sorted(record)}; expected one of {layouts}")


def _final(answer: str) -> str:
    """Return what follows the last mark, thousands separators removed; the whole answer when there is none."""
    _, mark, final = answer.rpartition(FINAL_ANSWER)
    return final.strip().replace(",", "") if mark else answer.strip()
