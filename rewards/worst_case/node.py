"""Several judges of one completion, weighted against it: the node of a reward expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...judges import Verdict
from ...judges.names import numbered
from ...judges.options import finite
from ..batch import Batch
from ..leaf import as_reward
from ..reward import Reward
from ..verdict import RewardVerdict
from .aggregate import robust_row
from .expectation import Divergence, checked_divergence, checked_radius

Radius = float | Callable[[int], float]


@dataclass(frozen=True, repr=False)
class Robust(Reward):
    """min {Σ qᵢ xᵢ : D(q, p) <= ρ} over the parts; written `robust(a, b, radius=0.2)`, see there."""

    members: tuple[Reward, ...]
    weights: tuple[float, ...] | None
    divergence: Divergence
    radius: Radius

    _default_name = "robust"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.members) < 2:
            raise ValueError(f"robust weighs at least two parts against each other; it got {len(self.members)}")
        if self.weights is not None:
            self._check_weights(self.weights)
        checked_divergence(self.divergence)
        self._radius(0)

    def _check_weights(self, weights: tuple[float, ...]) -> None:
        if len(weights) != len(self.members):
            raise ValueError(f"robust got {len(weights)} weights for {len(self.members)} parts; give one a part")
        if any(finite(weight, "a weight") <= 0.0 for weight in weights):
            raise ValueError(f"the weights of robust are above 0, not {weights!r}; leave out what has no weight")

    def _radius(self, step: int) -> float:
        """ρ at an optimizer step."""
        return checked_radius(self.radius(step) if callable(self.radius) else self.radius)

    @property
    def parts(self) -> tuple[Reward, ...]:
        return self.members

    @property
    def bounds(self) -> tuple[float, float]:
        lows, highs = zip(*(part.bounds for part in self.members), strict=True)
        return min(lows), max(highs)

    def _written(self) -> str:
        radius = getattr(self.radius, "__qualname__", None) or repr(self.radius)
        weights = "" if self.weights is None else f", weights={self.weights!r}"
        parts = ", ".join(map(repr, self.members))
        return f"robust({parts}{weights}, divergence={self.divergence!r}, radius={radius})"

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        rho, weights = self._radius(batch.step), self.weights or (1.0,) * len(self.members)
        names = numbered(self.part_names)
        columns = [part.evaluate(batch, rows) for part in self.members]
        return [self._weighed(parts, weights, rho, names) for parts in zip(*columns, strict=True)]

    def _weighed(
        self, parts: tuple[Verdict, ...], weights: tuple[float, ...], rho: float, names: list[str]
    ) -> RewardVerdict:
        for name, part in zip(names, parts, strict=True):
            if part.abstains and part.status != "skipped":
                return self._say(None, None, parts, f"{name} abstains")
        worst = robust_row([part.score for part in parts], weights, self.divergence, rho)
        if worst is None:
            return self._say(None, None, parts, "every part abstains")
        passed = all(part.passed for part in parts if not part.abstains)
        q = {name: round(weight, 4) for name, weight in zip(names, worst.worst_case_probs, strict=True)}
        return RewardVerdict(
            worst.value, "scored", "worst case", q, 0.0, passed, labels=tuple(self.part_names), parts=parts
        )

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """The metrics of every node, and of each part the mean weight that the adversary gives it."""
        scored = [verdict.evidence for verdict in verdicts if not verdict.abstains]
        names = numbered(self.part_names) if scored else []
        weights = {f"weight/{name}": sum(q[name] for q in scored) / len(scored) for name in names}
        return {**super().metrics(verdicts), **weights}


def robust(
    *parts: Any, weights: Sequence[float] | None = None, divergence: Divergence = "kl", radius: Radius
) -> Robust:
    """The worst-case weighted score of several judges of one completion.

        reward = robust(MathJudge(), StyleJudge(), divergence="kl", radius=0.2)

    An adversary may shift the weights p of the parts to any q with D(q, p) <= radius, and shifts them to the parts
    with low scores: what one judge can be talked into is worth little while another objects. Radius 0 is the weighted
    mean, a large one the least score. The balls: KL(q‖p) = Σ q ln(q/p); "tv", ½ Σ |q − p|; "chi2", Σ (q − p)²/p. With
    J equal weights the least score is reached at radius ln J ("kl"), 1 − 1/J ("tv") and J − 1 ("chi2").

    weights: p, divided by their sum; equal without them.
    radius: a number >= 0, or a function of the optimizer step such as `Linear(0.0, 0.5, steps=100)`.

    A part that does not apply leaves with its weight; one that failed makes the row abstain, and so do parts of which
    none applies. Passed when every part that voted has
    passed. The evidence of a verdict is q, by the parts' names; a named node logs its means as `weight/PART`.

    The parts must mean the same by the same number: one that lives on [0, 10] is never the least. Standardising the
    rewards of a group afterwards takes out whatever all of its completions lose alike.

    Raises:
        ValueError: fewer than two parts, weights that are not above 0, an unknown divergence, a negative radius.
    """
    return Robust(tuple(map(as_reward, parts)), None if weights is None else tuple(weights), divergence, radius)
