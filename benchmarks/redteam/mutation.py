"""New completions out of old ones: spliced, repeated, grown, wrapped, and dressed in characters nobody sees."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from .corpus import BOMBS, FRAGMENTS, ODD

LONGEST = 40_000  # characters: larger ones are in the corpus already, and cost the hunt its speed
WRAPPINGS = [
    "\\boxed{%s}",
    "$%s$",
    "<answer>%s</answer>",
    "<think>%s</think>",
    "<think>%s",
    "%s</think>",
    '{"a": %s}',
    '{"name": "", "answer": %s}',
    "```json\n%s\n```",
    "```python\n%s\n```",
    "Answer: %s",
    "(%s)^{%s}",
    "\\frac{%s}{%s}",
    "\\sqrt[%s]{%s}",
    "%s or maybe %s",
    "%s, %s",
    "\\text{%s}",
    "-%s",
    "%s!",
    "%s\\%%",
]


def mutated(text: str, others: Sequence[str], rng: random.Random) -> str:
    """`text` after one to four changes, at most LONGEST characters."""
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(CHANGES)(text, others, rng)[:LONGEST]
    return text


def _splice(text: str, others: Sequence[str], rng: random.Random) -> str:
    other = rng.choice(others)
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _insert(text: str, others: Sequence[str], rng: random.Random) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(FRAGMENTS) + text[place:]


def _delete(text: str, others: Sequence[str], rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + text[start + rng.randint(1, 8) :]


def _repeat(text: str, others: Sequence[str], rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    piece = text[start : start + rng.randint(1, 20)]
    return text[:start] + piece * rng.choice((2, 3, 10, 100, 1000)) + text[start:]


def _wrap(text: str, others: Sequence[str], rng: random.Random) -> str:
    wrapping = rng.choice(WRAPPINGS)
    holes = wrapping.count("%s")
    return wrapping % (text, rng.choice(others)[:100])[:holes]


def _grow_numbers(text: str, others: Sequence[str], rng: random.Random) -> str:
    grown = rng.choice(("{10^{10^9}}", "9" * rng.choice((20, 400, 5000)), "1e999999999", "1/0", "-0", "0.5", "_2"))
    digits = [place for place, character in enumerate(text) if character.isdigit()]
    if not digits:
        return text + grown
    place = rng.choice(digits)
    return text[:place] + grown + text[place + 1 :]


def _unseen(text: str, others: Sequence[str], rng: random.Random) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(ODD) * rng.choice((1, 1, 3, 500)) + text[place:]


def _bomb(text: str, others: Sequence[str], rng: random.Random) -> str:
    return rng.choice(BOMBS)(rng.choice((5, 50, 330, 3000))) + text


def _swap(text: str, others: Sequence[str], rng: random.Random) -> str:
    words = text.split(" ")
    rng.shuffle(words)
    return " ".join(words)


CHANGES: list[Callable[[str, Sequence[str], random.Random], str]] = [
    _splice,
    _insert,
    _insert,
    _delete,
    _repeat,
    _wrap,
    _wrap,
    _grow_numbers,
    _unseen,
    _bomb,
    _swap,
]
