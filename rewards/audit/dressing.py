"""What an answer is put into so that a judge of its outside is content: any answer, honest or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Any

from ...judges import FormatJudge, LengthJudge
from .offers import FILLER

Dress = Callable[[str], str]


@singledispatch
def dressings(judge: Any) -> Iterable[Dress]:
    """Ways to write any answer that content this judge, and change nothing of what is answered."""
    own = getattr(judge, "dressings", None)
    return own() if callable(own) else ()


@dressings.register
def _(judge: FormatJudge) -> Iterable[Dress]:
    if judge.pattern is not None:
        return ()
    *others, last = judge.marks
    if not judge.closed_form:
        return (lambda text: f"{''.join(judge.marks[:-1])}{FILLER}{last}{text}",)
    opening = "".join(mark if mark.startswith("</") else f"{mark}{FILLER}" for mark in others[:-1])
    return (lambda text: f"{opening}{others[-1] if others else ''}{text}{last}",)


@dressings.register
def _(judge: LengthJudge) -> Iterable[Dress]:
    if judge.target is not None:
        target = judge.target
        return (lambda text: " ".join([*(FILLER.split() * target)[: max(0, target - len(text.split()))], text]),)
    return (lambda text: text.strip().rpartition("\n")[2],)
