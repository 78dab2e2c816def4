"""A constraint: the reward where every gate passes, else one number."""

from __future__ import annotations

from dataclasses import dataclass

from ..judges import Verdict
from ..judges.options import finite
from .batch import Batch
from .failure import broke_off
from .reward import Reward
from .verdict import RewardVerdict


@dataclass(frozen=True, repr=False)
class Gate(Reward):
    """`reward` where every gate has passed, else `otherwise`.

    A gate looks at `verdict.passed`, so a judge's threshold applies. One closed gate decides, whatever abstains;
    if none is closed but one abstains (its endpoint is down), the whole abstains: nobody knows whether the
    constraint holds. Where the only closed gates are those whose judge broke off on the completion, the lesser of the
    two numbers counts, for a greater `otherwise` must not be had by breaking a judge. Every part is judged even behind
    a closed gate, so that the logged means of the parts are over all completions.
    """

    reward: Reward
    gates: tuple[Reward, ...]
    otherwise: float = 0.0

    _default_name = "gate"

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self.otherwise, "otherwise")
        if not self.gates:
            raise ValueError("a gate needs at least one judge that must pass")

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.reward, *self.gates)

    @property
    def bounds(self) -> tuple[float, float]:
        low, high = self.reward.bounds
        return min(low, self.otherwise), max(high, self.otherwise)

    def _written(self) -> str:
        gates = ", ".join(map(repr, self.gates))
        return f"{self._inside(self.reward, 0)}.gate({gates}, otherwise={self.otherwise!r})"

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        inner, *gates = parts
        passed = [gate.passed for gate in gates]
        if False in passed:
            sure = any(gate.passed is False and not broke_off(gate) for gate in gates)
            score = self.otherwise if sure else self._lesser(inner)
            return self._say(score, False, parts, f"closed by {self.gates[passed.index(False)].name}")
        if None in passed:
            return self._say(None, None, parts, f"{self.gates[passed.index(None)].name} abstains")
        return self._say(inner.score, inner.passed, parts, "open")

    def _lesser(self, inner: Verdict) -> float | None:
        """The lesser of the reward and `otherwise`; None where the reward is not known and may be the lesser."""
        if inner.score is not None:
            return min(inner.score, self.otherwise)
        return self.otherwise if self.otherwise <= self.reward.bounds[0] else None
