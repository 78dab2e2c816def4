"""Rows of texts that try to buy a verdict, to stop it, or to make it dear.

`judge` is a Python expression over the public names of `jurybox.judges`, `jurybox.rewards` and their sub-packages;
`completion` (or `completion_parts`, pairs of a text and how often) is the hostile text, `columns` are its row's.
`expect` holds what must come, `score` (None: it abstains), `max_score` and `status`; an expected `policy` is a
convention: any verdict will do. `max_cpu_s` bounds the CPU time of this process for the verdict.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from time import process_time
from typing import Any

from jurybox.judges import Verdict

ROOTS = ("jurybox.judges", "jurybox.rewards")


@functools.cache
def public_names() -> dict[str, Any]:
    """What the packages export, sub-packages first, so that the outer package's own name wins."""
    names: dict[str, Any] = {}
    for root in ROOTS:
        package = importlib.import_module(root)
        below = [found.name for found in pkgutil.walk_packages(package.__path__, f"{root}.") if found.ispkg]
        for module in map(importlib.import_module, [*below, root]):
            names |= {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    return names


def completion_of(row: dict[str, Any]) -> Any:
    """The hostile text of a row, written out or in repeated parts."""
    if "completion_parts" in row:
        return "".join(text * times for text, times in row["completion_parts"])
    return row["completion"]


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    judge = eval(row["judge"], dict(public_names()))
    try:
        start = process_time()
        verdict = judge.verdict(completion_of(row), row.get("prompt"), **row.get("columns", {}))
        seconds = process_time() - start
    finally:
        judge.close()
    limit = row.get("max_cpu_s")
    if limit is not None and seconds > limit:
        return f"took {seconds:.2f} s of CPU, of {limit:g} s"
    return (
        None
        if all(holds(verdict, *item) for item in row["expect"].items())
        else f"expected {row['expect']}, came {verdict!r}"
    )


def holds(verdict: Verdict, name: str, value: Any) -> bool:
    """Whether a verdict is what one entry of `expect` says."""
    if name == "policy":
        return True
    if name == "max_score":
        return verdict.score is not None and verdict.score <= value
    return bool(getattr(verdict, name) == value)
