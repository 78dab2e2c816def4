r"""Two-digit sums with optional working.

    40+85?  ->  \boxed{125}                          direct
    48+63?  ->  8+3=11;4+6+1=11;\boxed{111}          worked: units, then tens with the carry
    70+79?  ->  0+9=9;7+7=14;0+9=9;7+7=14;\boxed{149}  worked again

A working is never labelled or numbered, so a policy paid for more working has no natural end.
"""

import random
import re
from dataclasses import dataclass, replace
from typing import Self

from .problems import Row

NEAR_MISSES = (-10, -2, -1, 1, 2, 10)


@dataclass(frozen=True)
class Arithmetic:
    """Sums of two numbers of two digits; columns `prompt` and `solution`.

    `direct` is the share of answers without working, `direct_wrong` how many of those are near misses, `slip`
    the chance that one sum of a working is off, `again` the chance of another working after each.
    """

    direct: float = 0.30
    direct_wrong: float = 0.30
    slip: float = 0.05
    again: float = 0.30

    name = "arithmetic"
    new_tokens = 48

    def clean(self) -> Self:
        return replace(self, direct=0.20, direct_wrong=0.0, slip=0.0, again=0.20)

    def problem(self, rng: random.Random) -> Row:
        a, b = rng.randint(10, 99), rng.randint(10, 99)
        return {"prompt": f"{a}+{b}?", "solution": str(a + b)}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        a, b = map(int, re.findall(r"\d+", str(row["prompt"])))
        if rng.random() < self.direct:
            wrong = rng.choice(NEAR_MISSES) if rng.random() < self.direct_wrong else 0
            return rf"\boxed{{{a + b + wrong}}}"
        working, answer = self._working(a, b, rng)
        while rng.random() < self.again:
            another, answer = self._working(a, b, rng)
            working += another
        return rf"{working}\boxed{{{answer}}}"

    def _working(self, a: int, b: int, rng: random.Random) -> tuple[str, int]:
        """Return one working and the answer it leads to, slips included."""
        units = a % 10 + b % 10 + self._off(rng, (-2, -1, 1, 2))
        units = max(units, 0)
        carry = units >= 10
        tens = a // 10 + b // 10 + carry + self._off(rng, (-1, 1))
        carried = "+1" if carry else ""
        text = f"{a % 10}+{b % 10}={units};{a // 10}+{b // 10}{carried}={tens};"
        return text, 10 * tens + units % 10

    def _off(self, rng: random.Random, errors: tuple[int, ...]) -> int:
        return rng.choice(errors) if rng.random() < self.slip else 0
