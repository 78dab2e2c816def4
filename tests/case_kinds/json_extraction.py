"""Rows of texts and the JSON value they hold: `id`, `text` or `text_parts`, `value`, `level`, `time_limit_s`.

Levels: strict, extract and repair name the leniency at which the value must come out; nothing: no value at any
level; bounded: any verdict, in time; policy: no value and no exception, for what is ambiguous or not standard.
"""

from __future__ import annotations

import json
from time import process_time
from typing import Any

from jurybox.judges import Verdict
from jurybox.judges.json import JSONJudge, Malformed, extract

LEVELS = ("strict", "extract", "repair")


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    text = row["text"] if "text" in row else "".join(part * times for part, times in row["text_parts"])
    start = process_time()
    verdicts = {level: JSONJudge(level=level).verdict(text) for level in LEVELS}
    seconds = (process_time() - start) / len(LEVELS)
    broken = [verdict for verdict in verdicts.values() if verdict.status == "error"]
    if broken:
        return f"expected a verdict, came {broken[0]!r}"
    limit = row.get("time_limit_s")
    if limit is not None and seconds > limit:
        return f"expected a verdict within {limit} s, it took {seconds:.2f} s"
    return _CHECKS.get(row["level"], _value)(row, text, verdicts)


def _value(row: dict[str, Any], text: str, verdicts: dict[str, Verdict]) -> str | None:
    level = row["level"]
    try:
        found = extract(text, level)
    except Malformed as error:
        return f"expected {json.dumps(row['value'])}, came {error}"
    if json.dumps(found.value, sort_keys=True) != json.dumps(row["value"], sort_keys=True):
        return f"expected {json.dumps(row['value'])}, came {json.dumps(found.value)}"
    if LEVELS.index(found.level) > LEVELS.index(level):
        return f"expected level {level}, came {found.level}"
    return None


def _nothing(row: dict[str, Any], text: str, verdicts: dict[str, Verdict]) -> str | None:
    invented = {level: verdict for level, verdict in verdicts.items() if verdict.score != 0.0}
    return f"expected no value, came {invented}" if invented else None


def _any(row: dict[str, Any], text: str, verdicts: dict[str, Verdict]) -> str | None:
    return None


_CHECKS = {"nothing": _nothing, "policy": _nothing, "bounded": _any}
