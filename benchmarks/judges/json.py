"""The JSON judge against the usual way: cut out the fence, `json.loads`, `jsonschema.validate`, for every completion.

    python -m jurybox.benchmarks.judges.json [--json FILE]

Both get the same fenced answers of about 700 bytes (half of them invalid, each different) and must agree on every
one. Rates are of one run on one core; compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import jsonschema

from ...judges.json import JSONJudge
from ...judges.json.validator import Engine, available

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["title", "servings", "ingredients", "steps"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 3},
        "servings": {"type": "integer", "minimum": 1},
        "ingredients": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "grams"],
                "properties": {"name": {"type": "string"}, "grams": {"type": "number", "exclusiveMinimum": 0}},
                "additionalProperties": False,
            },
        },
        "steps": {"type": "array", "items": {"type": "string"}},
    },
}
FOODS = ["flour", "butter", "sugar", "almonds", "raspberries", "vanilla", "salt", "cream", "eggs", "lemon"]


def recipe(dice: random.Random) -> dict[str, Any]:
    """A valid answer of about 700 bytes."""
    return {
        "title": f"Tart no. {dice.randrange(10**6)}",
        "servings": dice.randint(1, 8),
        "ingredients": [{"name": food, "grams": dice.randint(1, 900) / 2} for food in dice.sample(FOODS, 8)],
        "steps": [f"Fold in the {food} and rest for {dice.randint(1, 30)} min." for food in dice.sample(FOODS, 7)],
    }


def answers(count: int, seed: int = 0) -> list[str]:
    """Fenced answers, every second one with one field of the wrong kind."""
    dice = random.Random(seed)
    texts = []
    for i in range(count):
        value = recipe(dice)
        if i % 2:
            value["ingredients"][dice.randrange(8)]["grams"] = "a pinch"
        texts.append(f"Here is the recipe:\n```json\n{json.dumps(value)}\n```\n")
    return texts


def usual(text: str) -> float:
    """How rewards are commonly written."""
    try:
        jsonschema.validate(json.loads(text.split("```json")[1].split("```")[0]), SCHEMA)
    except (ValueError, IndexError, jsonschema.ValidationError):
        return 0.0
    return 1.0


def rate(score: Callable[[Sequence[str]], Sequence[float | None]], texts: Sequence[str]) -> tuple[float, list[Any]]:
    """Answers a second, and the scores."""
    start = perf_counter()
    scores = list(score(texts))
    return len(texts) / (perf_counter() - start), scores


def measure(count: int = 2_000, slow: int = 200) -> dict[str, Any]:
    """Rates of both, and how many times faster the judge is.

    Args:
        count: answers for the judge.
        slow: of these, how many the usual way is given.

    Raises:
        AssertionError: they do not agree on every answer.
    """
    texts = answers(count)
    base, expected = rate(lambda batch: [usual(text) for text in batch], texts[:slow])
    result: dict[str, Any] = {
        "answers": count,
        "mean_bytes": round(sum(map(len, texts)) / count),
        "usual_per_second": round(base),
    }
    engines: list[Engine] = ["jsonschema"]
    if available() == "jsonschema-rs":
        engines.append("jsonschema-rs")
    for engine in engines:
        judge = JSONJudge(SCHEMA, engine=engine)
        judge(completions=texts[:10])
        speed, scores = rate(lambda batch, judge=judge: judge(completions=batch), texts)  # type: ignore[misc]
        assert scores[:slow] == expected, f"{engine} disagrees with the usual way"
        result[engine] = {"per_second": round(speed), "times_faster": round(speed / base, 1)}
    return result


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m jurybox.benchmarks.judges.json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    parser.add_argument("--answers", type=int, default=2_000)
    options = parser.parse_args(arguments)
    result = measure(options.answers)
    print(f"{result['answers']} fenced answers of {result['mean_bytes']} bytes, half of them invalid")
    print(f"{'json.loads + jsonschema.validate':34}{result['usual_per_second']:>8}/s")
    for engine in ("jsonschema", "jsonschema-rs"):
        if engine in result:
            measured = result[engine]
            print(f"{'JSONJudge with ' + engine:34}{measured['per_second']:>8}/s {measured['times_faster']:>8} x")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
