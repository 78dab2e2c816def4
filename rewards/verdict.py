"""What a composed reward says: a number, with the verdicts of the parts that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..judges import Verdict


@dataclass(frozen=True, repr=False, slots=True)
class RewardVerdict(Verdict):
    """A verdict whose score may be any finite number, with the tree below it.

    Its parts are those of the expression in the order they were written; None is one that was not asked (another route,
    a cascade already decided).

    Attributes:
        weights: what the parts were multiplied by as written, in a sum; else empty.
    """

    weights: tuple[float, ...] = ()

    bounded: ClassVar[bool] = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `json.dumps` accepts, the whole tree included."""
        parts = self._named_parts()
        for part, weight in zip(parts, self.weights, strict=False):  # none outside sums
            part["weight"] = weight
        return Verdict.to_dict(self) | {"parts": parts}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RewardVerdict:
        """The verdict that `to_dict` wrote."""
        fields = {name: value for name, value in data.items() if name != "parts"}
        pairs = [(part["name"], part["verdict"]) for part in data["parts"]]
        parts = [None if verdict is None else read_verdict(verdict) for _, verdict in pairs]
        weights = tuple(part["weight"] for part in data["parts"] if "weight" in part)
        return cls(**fields, labels=tuple(name for name, _ in pairs), parts=tuple(parts), weights=weights)


def read_verdict(data: Mapping[str, Any]) -> Verdict:
    """The verdict that `to_dict` of a judge's or of a reward's verdict wrote."""
    return RewardVerdict.from_dict(data) if "parts" in data else Verdict.from_dict(data)
