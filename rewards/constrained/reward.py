"""A reward, and limits on what it may cost: the weights of the costs find themselves.

    x = (r − Σ_k l_k c_k) / (1 + Σ_k l_k)               l_k <- clip(l_k + η (mean c_k − d_k), 0, l_max)

A fixed weight for a cost has to be searched for: too small and the limit is exceeded, too large and the reward is given
away. A multiplier rises while the mean cost is above the limit and falls when it is below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from statistics import fmean
from typing import Any

from ...judges import Verdict
from ...judges.metrics import batch_metrics
from ...judges.options import finite
from ..batch import Batch
from ..failure import broke_off
from ..leaf import as_reward
from ..reward import Reward
from ..state import State, union
from .dual import lagrangian
from .multipliers import Multipliers


@dataclass(frozen=True, repr=False)
class Constrained(Reward):
    """A reward whose costs are held at limits by multipliers that it learns.

    >>> from jurybox.judges import ExactJudge, TooLong
    >>> reward = Constrained(ExactJudge(), costs={"long": TooLong(2, unit="words")}, limits={"long": 0.25}, eta=0.4)
    >>> batch = {"completions": ["4", "it is 4"], "solution": ["4", "it is 4"]}
    >>> reward(**batch), reward.multipliers.values                 # half of the answers are long: 0.4 (0.5 − 0.25)
    ([1.0, 1.0], {'long': 0.1})
    >>> [round(number, 3) for number in reward(**batch)]
    [0.909, 0.818]

    A limit is on the mean over a batch, of all processes. Multipliers are a state: read as they were before the batch,
    moved once after it, saved with the checkpoint, untouched by evaluation, tests and explanations. In GRPO with
    `scale_rewards="none"` combining rewards is combining advantages.

    It abstains where the reward or a cost does. A cost whose judge broke off on the completion counts the most it can.
    Passed when the reward has passed and no cost of this row is above its limit. Give it a name to have the multipliers
    and the mean costs logged.

    Reasons: "no multiplier", "weighed", "PART abstains".

    Args:
        reward: a judge or a reward.
        costs: name -> a judge or a reward that never gives less than 0, and whose greatest number is known; to count
            what a judge is against, write `~judge`.
        limits: name -> what the mean of that cost may be.
        eta: step of the multipliers; 0.05 to 0.2 for costs and rewards of about 1.
        cap: the greatest multiplier. One that gets there is warned about: the limit may be out of reach.
        rescale: whether the sum is divided by 1 + Σ l, which keeps the numbers in their range.
        memory: the name of the state, unique in an expression.

    Raises:
        ValueError: no costs, a cost without a limit or the other way round, a cost that may be negative or unbounded, a
            setting out of its range.
    """

    reward: Any
    costs: Any
    limits: Any
    eta: float = 0.1
    cap: float = 10.0
    rescale: bool = True
    memory: str = "multipliers"
    multipliers: Multipliers = field(init=False)

    remembers = True
    _default_name = "constrained"

    def __post_init__(self) -> None:
        if not isinstance(self.costs, Mapping) or not self.costs or not isinstance(self.limits, Mapping):
            raise ValueError("costs and limits are mappings by name: costs={'long': judge}, limits={'long': 0.1}")
        if self.costs.keys() != self.limits.keys():
            raise ValueError(f"there are costs {sorted(self.costs)} and limits {sorted(self.limits)}: one for each")
        limits = {name: finite(self.limits[name], f"the limit of {name!r}") for name in self.costs}
        object.__setattr__(self, "reward", as_reward(self.reward))
        object.__setattr__(self, "costs", tuple(as_reward(cost).named(name) for name, cost in self.costs.items()))
        object.__setattr__(self, "limits", tuple(limits.values()))
        for cost in self.costs:
            low, high = cost.bounds
            if low < 0 or not isfinite(high):
                raise ValueError(
                    f"the cost {cost.name!r} may be anything from {low:g} to {high:g}: a cost is never negative, and "
                    "its greatest number is known; bound it, cost.clip(0.0, 1.0)"
                )
        memory = Multipliers(limits, eta=self.eta, cap=self.cap, name=self.memory)
        object.__setattr__(self, "multipliers", memory)
        union([self.states])

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.reward, *self.costs)

    @property
    def states(self) -> dict[str, State]:
        return union([*(part.states for part in self.parts), {self.memory: self.multipliers}])

    @property
    def bounds(self) -> tuple[float, float]:
        """For any multipliers up to the cap."""
        low, high = self.reward.bounds
        if not self.rescale:
            return low - self.cap * sum(cost.bounds[1] for cost in self.costs), high
        return min(low, *(-cost.bounds[1] for cost in self.costs)), max(high, *(-cost.bounds[0] for cost in self.costs))

    def _written(self) -> str:
        costs = ", ".join(f"{cost.name!r}: {cost._written()}" for cost in self.costs)
        limits = {cost.name: limit for cost, limit in zip(self.costs, self.limits, strict=True)}
        options = [item for item in fields(Constrained) if item.name in ("eta", "cap", "rescale", "memory")]
        given = {item.name: getattr(self, item.name) for item in options if getattr(self, item.name) != item.default}
        written = [f"costs={{{costs}}}", f"limits={limits!r}", *(f"{name}={value!r}" for name, value in given.items())]
        return f"Constrained({', '.join([repr(self.reward), *written])})"

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        columns = [part.evaluate(batch, rows) for part in self.parts]
        return [self._weighed(parts, batch) for parts in zip(*columns, strict=True)]

    def _weighed(self, parts: tuple[Verdict, ...], batch: Batch) -> Verdict:
        said, *charged = parts
        costs = {
            node.name: node.most(batch.step) if broke_off(verdict) else verdict.score
            for node, verdict in zip(self.costs, charged, strict=True)
            if verdict.score is not None
        }
        if batch.observing and costs:
            self.multipliers.observe(costs)
        for node, verdict in zip(self.parts, parts, strict=True):
            if verdict.abstains:
                return self._say(None, None, parts, f"{node.name} abstains")
        values = list(self.multipliers.values.values())
        score = lagrangian(said.score, list(costs.values()), values, rescale=self.rescale)
        within = all(cost <= limit for cost, limit in zip(costs.values(), self.limits, strict=True))
        verdict = self._say(score, bool(said.passed and within), parts, "weighed" if any(values) else "no multiplier")
        return verdict.replace(evidence={f"multiplier/{name}": l_k for name, l_k in self.multipliers.values.items()})

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """Beside the usual: each multiplier, the mean of each cost, and how far that is above its limit."""
        ours = {f"multiplier/{name}": value for name, value in self.multipliers.values.items()}
        for place, (cost, limit) in enumerate(zip(self.costs, self.limits, strict=True), start=1):
            known = [part.score for v in verdicts if v.parts and (part := v.parts[place]) and part.score is not None]
            if known:
                ours |= {f"cost/{cost.name}": fmean(known), f"excess/{cost.name}": fmean(known) - limit}
        return batch_metrics(verdicts) | ours
