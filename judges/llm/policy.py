"""What a judge does when its model fails: the user's choice, never a silent one."""

from __future__ import annotations

from typing import Literal, get_args

from ..errors import Told
from ..verdict import Verdict

FailurePolicy = Literal["abstain", "zero", "raise"]
POLICIES: tuple[str, ...] = get_args(FailurePolicy)


class JudgeFailed(Told, RuntimeError):  # noqa: N818
    """A model could not be asked or its reply not be read, and the judge was told to raise then.

    Attributes:
        verdict: with the reason and the evidence.
    """

    def __init__(self, judge: str, verdict: Verdict) -> None:
        super().__init__(judge, verdict)
        self.verdict = verdict

    def __str__(self) -> str:
        return f"judge {self.args[0]} failed: {self.verdict!r}"
