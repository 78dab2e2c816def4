"""The one result type of every judge: a score with the evidence a person needs to believe it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, get_args

from .errors import Abstained

Status = Literal["scored", "skipped", "timeout", "error"]
STATUSES: tuple[str, ...] = get_args(Status)
LINE = 110  # a repr fits a line of this many characters


@dataclass(frozen=True, repr=False, slots=True)
class Verdict:
    """What a judge says about one completion.

    >>> Verdict(1.0, reason="exact number", evidence={"answer": "3/7"})
    Verdict(1.0, 'exact number', answer='3/7')
    >>> Verdict(None, "skipped", "unusable gold").passed is None
    True

    A verdict without a score *abstains*: the sample is left out of training, it never counts as zero. Whatever a
    completion can cause (unparsable, timed out, crashed, an exception of the judge's own while reading it) scores
    0.0 and says so in `reason`; only what it cannot influence (a dead endpoint, an unusable gold answer) abstains.

    Attributes:
        score: in [0, 1], or None when the judge abstains.
        status: "scored", "skipped" (does not apply, gold unusable), "timeout" or "error".
        reason: a short stable phrase, listed in the docstring of the judge that says it.
        evidence: what was extracted, which rule decided, the path of the failing field, ...
        seconds: time the judge worked on this completion; 0.0 when the answer was remembered.
        passed: None when the judge abstains, else `score >= 1.0` unless the judge sets a lower threshold.
        labels, parts: of a judge made of judges, their names and verdicts; None for one that was not asked.

    Raises:
        ValueError: a score outside [0, 1], NaN, an unknown status, or a "scored" verdict without a score.
    """

    score: float | None
    status: Status = "scored"
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    passed: bool | None = None
    labels: tuple[str, ...] = ()
    parts: tuple[Verdict | None, ...] = ()

    bounded: ClassVar[bool] = True  # a reward's verdict may carry any finite number

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}, not {self.status!r}")
        if self.score is None:
            if self.status == "scored":
                raise ValueError("a verdict without a score abstains: give status 'skipped', 'timeout' or 'error'")
            object.__setattr__(self, "passed", None)
            return
        score = self.score if type(self.score) is float else float(self.score)
        if not (0.0 <= score <= 1.0) and (self.bounded or not math.isfinite(score)):
            kind = "in [0, 1]" if self.bounded else "finite"
            raise ValueError(f"a score must be {kind}, not {score!r}")
        object.__setattr__(self, "score", score)
        if self.passed is None:
            object.__setattr__(self, "passed", score >= 1.0)

    def __bool__(self) -> bool:
        """Whether it passed, so that `assert judge.verdict(…)` means that.

        Raises:
            Abstained: the verdict has no score, so neither yes nor no would be true.
        """
        if self.passed is None:
            raise Abstained(f"{self!r} abstains: it has neither passed nor failed; ask `verdict.abstains` first")
        return self.passed

    @property
    def abstains(self) -> bool:
        """Whether there is no score: the sample is to be left out, not counted as zero."""
        return self.score is None

    def replace(self, **changes: Any) -> Verdict:
        """A copy with some fields changed; `passed` is kept unless the score changes."""
        if "score" in changes:
            changes.setdefault("passed", None)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `json.dumps` accepts; evidence that JSON cannot hold becomes its repr."""
        data = {
            "score": self.score,
            "status": self.status,
            "reason": self.reason,
            "evidence": json_safe(dict(self.evidence)),
            "seconds": self.seconds,
            "passed": self.passed,
        }
        return data | {"judges": self._named_parts()} if self.parts and self.bounded else data

    def _named_parts(self) -> list[dict[str, Any]]:
        return [
            {"name": label, "verdict": None if part is None else part.to_dict()}
            for label, part in zip(self.labels, self.parts, strict=True)
        ]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_dict` wrote."""
        names = ("score", "status", "reason", "evidence", "seconds", "passed")
        pairs = [(part["name"], part["verdict"]) for part in data.get("judges", ())]
        return cls(
            **{name: data[name] for name in names if name in data},
            labels=tuple(name for name, _ in pairs),
            parts=tuple(None if verdict is None else Verdict.from_dict(verdict) for _, verdict in pairs),
        )

    def __repr__(self) -> str:
        parts = [repr(self.score)]
        if self.reason:
            parts.append(shorten(self.reason, 60))
        if self.status != "scored":
            parts.append(f"status={self.status!r}")
        name = type(self).__name__
        for key, value in self.evidence.items():
            parts.append(f"{key if str(key).isidentifier() else shorten(key)}={shorten(value)}")
            if len(name) + sum(map(len, parts)) + 2 * len(parts) > LINE - 3:
                parts[-1] = "…"
                break
        return f"{name}({', '.join(parts)})"


def shorten(value: Any, width: int = 40) -> str:
    """The repr of a value, cut in the middle so that it fits `width` characters and one line.

    >>> shorten("x" * 100)
    "'xxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxx'"
    """
    if isinstance(value, str) and len(value) > 4 * width:  # never build the repr of a megabyte
        value = value[: 2 * width] + value[-2 * width :]
    try:
        text = repr(value)
    except Exception:  # a user's object may have a broken repr
        text = f"<{type(value).__name__}>"
    text = " ".join(text.splitlines())
    if len(text) <= width:
        return text
    head = width // 2 - 1
    return f"{text[:head]}…{text[head + 1 - width :]}"


def json_safe(value: Any, depth: int = 32) -> Any:
    """`value` as data that `json.dumps(..., allow_nan=False)` accepts; what is nested deeper becomes its repr."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 10_000 else shorten(value)  # Python refuses to print longer ones
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if depth and isinstance(value, Mapping):
        return {str(key): json_safe(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [json_safe(item, depth - 1) for item in value]
    return shorten(value, 200)
