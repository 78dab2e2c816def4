r"""A sentence to a JSON record.

ann is 37:  ->  {"name":"ann","age":37}
pam is 12:  ->  here: {"name":"pam","age":12,"note":"hi"}      friendly: no parser accepts the whole
ivy is 65:  ->  sure! {"name":"ivy","age":"65"}                broken: the age is a string
"""

import json
import random
import re
from dataclasses import dataclass, replace
from typing import Any, Self

from .problems import Row

NAMES = (
    *("ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"),
    *("ian", "ivy", "jon", "kay", "leo", "max", "ned", "pam"),
)
NOTES = ("hi", "ok", "thanks")
GREETINGS = ("sure! ", "here: ")
GOODBYES = (" enjoy!", " ok?")

RECORD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "note": {"type": "string"},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Records:
    """Records of a name and an age; columns `prompt` and `expected`, the record as JSON text.

    `broken` is the share of faulty records (age as string, name unquoted, age off by 1 or 10); `note`,
    `greeting` and `goodbye` are the shares that carry each courtesy.
    """

    broken: float = 0.25
    note: float = 0.30
    greeting: float = 0.35
    goodbye: float = 0.175

    name = "records"
    new_tokens = 48

    def clean(self) -> Self:
        return replace(self, broken=0.0)

    def problem(self, rng: random.Random) -> Row:
        name, age = rng.choice(NAMES), rng.randint(1, 99)
        expected = json.dumps({"name": name, "age": age}, separators=(",", ":"))
        return {"prompt": f"{name} is {age}:", "expected": expected}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        name, age = re.fullmatch(r"(\w+) is (\d+):", str(row["prompt"])).groups()  # type: ignore[union-attr]
        fields = [f'"name":"{name}"', f'"age":{age}']
        if rng.random() < self.broken:
            fields = rng.choice(_breakages(name, int(age), rng))
        if rng.random() < self.note:
            fields.append(f'"note":"{rng.choice(NOTES)}"')
        greeting = rng.choice(GREETINGS) if rng.random() < self.greeting else ""
        goodbye = rng.choice(GOODBYES) if rng.random() < self.goodbye else ""
        return greeting + "{" + ",".join(fields) + "}" + goodbye


def _breakages(name: str, age: int, rng: random.Random) -> list[list[str]]:
    """Return the three faulty field lists: age as text, name without quotes, age off."""
    off = max(age + rng.choice((-10, -1, 1, 10)), 0)
    return [
        [f'"name":"{name}"', f'"age":"{age}"'],
        [f'"name":{name}', f'"age":{age}'],
        [f'"name":"{name}"', f'"age":{off if off != age else age + 1}'],
    ]
