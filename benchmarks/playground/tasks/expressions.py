r"""Small Python functions from a recipe in words, judged by running them.

    add 3;times 4?      ->  def f(x):return (x+3)*4
    times 2;minus 7?    ->  def f(x):return x*2-7

A demonstrator who forgets the parentheses writes a program that runs and is wrong: only its tests tell.
"""

import json
import random
from dataclasses import dataclass, replace
from typing import Self

from .problems import Row

OPERATORS = {"add": "+", "minus": "-", "times": "*"}
TRIED = (0, 3, -2, 10)  # arguments that tell `x+3*4` from `(x+3)*4`


@dataclass(frozen=True)
class Expressions:
    """Functions of one number in two or three steps; columns `prompt` and `tests`.

    `bare` is the chance that parentheses which are needed are left out, `slip` the chance that a number of the
    recipe is copied wrongly.
    """

    bare: float = 0.40
    slip: float = 0.05

    name = "expressions"
    new_tokens = 40

    def clean(self) -> Self:
        return replace(self, bare=0.0, slip=0.0)

    def problem(self, rng: random.Random) -> Row:
        steps = [(rng.choice(tuple(OPERATORS)), rng.randint(2, 9)) for _ in range(rng.choice((2, 2, 3)))]
        prompt = ";".join(f"{word} {number}" for word, number in steps) + "?"
        cases = [{"args": [x], "expected": _applied(steps, x)} for x in TRIED]
        return {"prompt": prompt, "tests": json.dumps({"tests": cases, "entry": "f"})}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        bare = rng.random() < self.bare
        expression = "x"
        for word, number in _steps(str(row["prompt"])):
            if rng.random() < self.slip:
                number = max(1, number + rng.choice((-1, 1)))
            inner = f"({expression})" if word == "times" and _is_sum(expression) and not bare else expression
            expression = f"{inner}{OPERATORS[word]}{number}"
        return f"def f(x):return {expression}"


def _steps(prompt: str) -> list[tuple[str, int]]:
    steps = (step.split() for step in prompt.rstrip("?").split(";"))
    return [(word, int(number)) for word, number in steps]


def _applied(steps: list[tuple[str, int]], x: int) -> int:
    for word, number in steps:
        x = x + number if word == "add" else x - number if word == "minus" else x * number
    return x


def _is_sum(expression: str) -> bool:
    """Whether multiplying the expression as it stands would multiply only its last term."""
    depth = 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        if depth == 0 and character in "+-":
            return True
    return False
