"""Why a reward gave the number it gave, as a tree a person can read."""

from __future__ import annotations

from collections.abc import Iterator

from ..judges import Verdict
from ..judges.verdict import shorten
from .verdict import RewardVerdict


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


def tree(verdict: Verdict, name: str = "reward", written: str = "") -> str:
    """A line for every part: its number, its weight in a sum, its name, what it says; `written` stands above."""
    return "\n".join([*filter(None, [written]), _line(verdict, name), *_branches(verdict, "")])


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


def _branches(verdict: Verdict, indent: str) -> Iterator[str]:
    if not isinstance(verdict, RewardVerdict):
        return
    for place, (name, said) in enumerate(zip(verdict.labels, verdict.parts, strict=True)):
        last = place == len(verdict.parts) - 1
        weight = f"{verdict.weights[place]:+g} × " if verdict.weights else ""
        yield f"{indent}{'└─ ' if last else '├─ '}{weight}{_line(said, name)}"
        if said is not None:
            yield from _branches(said, indent + ("   " if last else "│  "))


def _number(verdict: Verdict) -> str:
    return "abstains" if verdict.score is None else f"{verdict.score:.4g}"
