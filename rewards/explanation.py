"""Why a reward gave the number it gave, as a tree a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..judges import Verdict
from ..judges.verdict import shorten
from .verdict import RewardVerdict

if TYPE_CHECKING:
    from .reward import Reward


class Explanation(str):
    """The tree as text; at a prompt it shows itself. `verdict` is what it explains."""

    verdict: Verdict

    def __new__(cls, text: str, verdict: Verdict) -> Explanation:
        self = super().__new__(cls, text)
        self.verdict = verdict
        return self

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[type[Explanation], tuple[str, Verdict]]:
        return Explanation, (str(self), self.verdict)


def tree(reward: Reward, verdict: Verdict) -> str:
    """The expression, then a line for every part: its number, its weight in a sum, its name, what it says."""
    return "\n".join([repr(reward), _line(verdict, reward.name), *_branches(reward, verdict, "")])


def one_line(verdict: Verdict) -> str:
    """Number, reason and evidence of a verdict."""
    evidence = ", ".join(f"{key}={shorten(value)}" for key, value in verdict.evidence.items())
    said = " · ".join(text for text in (verdict.reason, evidence) if text)
    status = "" if verdict.status == "scored" else f" [{verdict.status}]"
    return " ".join(f"{_number(verdict)}{status}{'  ' if said else ''}{said}".splitlines())


def _line(verdict: Verdict | None, name: str) -> str:
    if verdict is None:
        return f"{name}: not asked"
    mark = {True: "✓", False: "✗", None: "–"}[verdict.passed]
    return f"{mark} {name}: {one_line(verdict)}"


def _branches(reward: Reward, verdict: Verdict, indent: str) -> Iterator[str]:
    parts = verdict.parts if isinstance(verdict, RewardVerdict) else ()
    for place, (part, said) in enumerate(zip(reward.parts, parts, strict=False)):
        last = place == len(reward.parts) - 1
        weight = _weight(reward, place)
        yield f"{indent}{'└─ ' if last else '├─ '}{weight}{_line(said, reward.part_names[place])}"
        if said is not None:
            yield from _branches(part, said, indent + ("   " if last else "│  "))


def _weight(reward: Reward, place: int) -> str:
    terms = getattr(reward, "terms", None)
    return f"{terms[place][0]:+g} × " if terms else ""


def _number(verdict: Verdict) -> str:
    return "abstains" if verdict.score is None else f"{verdict.score:.4g}"
