"""Rubrics as other people write them down, in YAML, TOML or JSON.

What is understood, each with weights, scales and requirements or without:

    criteria: [{name: …, question: …, weight: 2, scale: [1, 5], required: true}, …]     ours
    {helpfulness: "Is it helpful?", …}                                                  a name and its question
    [{criterion: …, points: -3, tags: […]}, …]                                          points, also below 0
    [{title: …, description: …, weight: 5}, …]                                          a title and a description
    {criteria: "…", score1_description: …, score2_description: …}                       one criterion with its steps

Labels are a mapping to scores; "none", or null where there is such a thing, says that the criterion does not apply.
A key that is not known is refused: a weight under another name would be no weight.
"""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .scales import scale

_NAMES = ("name", "title", "id")
_QUESTIONS = ("question", "criterion", "criteria", "description", "requirement", "text")
_WEIGHTS = ("weight", "points")
_REQUIRED = ("required", "critical", "must_have")
_OTHER = {"labels", "scale", "threshold", "tags", "category", "axis", "rationale", "metadata"}
_KNOWN = {*_NAMES, *_QUESTIONS, *_WEIGHTS, *_REQUIRED, *_OTHER}
_LISTS = ("criteria", "rubrics", "rubric", "items")
_STEP = re.compile(r"score_?(-?\d+)(?:_description)?")


def parsed(path: Path) -> Any:
    """The plain data in a file; its ending says how it is written.

    Raises:
        ImportError: a YAML file, and PyYAML is not installed.
        ValueError: another ending, or text that cannot be parsed.
    """
    readers: dict[str, Callable[[str], Any]] = {".yaml": _yaml, ".yml": _yaml, ".toml": tomllib.loads}
    readers |= {".json": json.loads, ".jsonl": _lines}
    if path.suffix not in readers:
        raise ValueError(f"a rubric is a file that ends with {', '.join(readers)}")
    return readers[path.suffix](path.read_text(encoding="utf-8"))


def entries_of(data: Any, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The name of a rubric and the arguments of its criteria.

    Raises:
        ValueError: the data have none of the forms above; the entry and the key are named.
    """
    if isinstance(data, Mapping):
        listed = next((data[key] for key in _LISTS if isinstance(data.get(key), (list, Mapping))), None)
        if listed is not None:
            if strange := set(data) - {*_LISTS, "name", "description", "version"}:
                raise ValueError(f"beside its criteria a rubric has a name, not {sorted(map(str, strange))[0]!r}")
            return entries_of(listed, str(data.get("name", name)))
        if any(_STEP.fullmatch(str(key)) for key in data):
            return name, [_criterion(data, name)]
        return name, [_criterion(entry, str(key)) for key, entry in data.items()]
    if not isinstance(data, list):
        raise ValueError(f"a rubric is a list of criteria or a mapping of them, not {type(data).__name__}")
    return name, [_criterion(entry, f"criterion_{number}") for number, entry in enumerate(data, 1)]


def _criterion(entry: Any, name: str) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"name": name, "question": entry}
    if not isinstance(entry, Mapping):
        raise ValueError(f"{name}: a criterion is a mapping or its question, not {type(entry).__name__}")
    entry = {str(key): value for key, value in entry.items()}
    steps = {int(found[1]): text for key, text in entry.items() if (found := _STEP.fullmatch(key))}
    if strange := [key for key in entry if key not in _KNOWN and not _STEP.fullmatch(key)]:
        raise ValueError(f"{name}: {strange[0]!r} is not known; a criterion has {', '.join(sorted(_KNOWN))}")
    name = str(_first(entry, _NAMES, name))
    question = _first(entry, _QUESTIONS, None)
    if not isinstance(question, str):
        raise ValueError(f"{name}: there is no question; it goes under one of {', '.join(_QUESTIONS)}")
    if steps:
        question += "".join(f"\n{step}: {text}" for step, text in sorted(steps.items()))
    given: dict[str, Any] = {"weight": _first(entry, _WEIGHTS, 1.0), "required": _first(entry, _REQUIRED, False)}
    if not isinstance(given["weight"], (int, float)) or not isinstance(given["required"], bool):
        raise ValueError(f"{name}: a weight is a number and a requirement true or false, not {given}")
    if "threshold" in entry:
        given["threshold"] = float(entry["threshold"])
    if labels := _labels(entry, steps, name):
        given["labels"] = labels
    return {"name": name, "question": question, **given}


def _labels(entry: Mapping[str, Any], steps: Mapping[int, Any], name: str) -> Any:
    if "labels" in entry:
        if not isinstance(entry["labels"], Mapping):
            raise ValueError(f"{name}: labels is a mapping from label to score, not {entry['labels']!r:.60}")
        return {_word(label): None if score == "none" else score for label, score in entry["labels"].items()}
    if "scale" in entry:
        if not (isinstance(entry["scale"], list) and len(entry["scale"]) == 2):
            raise ValueError(f"{name}: scale is a list of two numbers, such as [1, 5], not {entry['scale']!r:.60}")
        return scale(*entry["scale"])
    return scale(min(steps), max(steps)) if steps else None


def _word(label: Any) -> str:
    return {True: "yes", False: "no"}[label] if isinstance(label, bool) else str(label)  # YAML reads a bare yes so


def _first(entry: Mapping[str, Any], keys: tuple[str, ...], otherwise: Any) -> Any:
    return next((entry[key] for key in keys if key in entry), otherwise)


def _yaml(text: str) -> Any:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError as error:
        raise ImportError("a rubric in YAML needs PyYAML: pip install 'jurybox[yaml]'") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]
