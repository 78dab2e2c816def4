"""What a constrained reward remembers: a multiplier for every limit, which rises while the limit is exceeded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ..state import State
from .dual import dual_step, require_dual_settings


class Multipliers(State):
    """l_k >= 0 for every cost k, one step of dual ascent for each batch.

    >>> multipliers = Multipliers({"length": 0.5}, eta=0.5)
    >>> multipliers.commit([[{"length": 1.0}, {"length": 0.75}], [{"length": 0.5}]])       # two processes, one step
    >>> multipliers.values, multipliers.costs
    ({'length': 0.125}, {'length': 0.75})

    A batch on which a cost was not known for any row leaves its multiplier where it is. One that reaches the cap is
    warned about, once: its limit cannot be kept by this policy, or is not worth it.

    Attributes:
        limits: cost -> what its mean may be. values: cost -> its multiplier. costs: cost -> its mean in the last batch.
    """

    def __init__(
        self, limits: Mapping[str, float], *, eta: float = 0.1, cap: float = 10.0, name: str = "multipliers"
    ) -> None:
        super().__init__(name)
        require_dual_settings(eta, cap)
        self.limits, self.eta, self.cap = dict(limits), eta, cap
        self.values = dict.fromkeys(self.limits, 0.0)
        self.costs: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}

    def commit(self, shards: Sequence[Sequence[Any]]) -> None:
        """One step for each cost, on its mean over the rows of all processes."""
        self._seen = {}
        super().commit(shards)
        for name, costs in self._seen.items():
            self.costs[name] = sum(costs) / len(costs)
            before = self.values[name]
            after = dual_step(before, self.costs[name], self.limits[name], eta=self.eta, cap=self.cap)
            self.values[name] = after
            if before < after == self.cap:
                self._warn(name)

    def _warn(self, name: str) -> None:
        warnings.warn(
            f"the multiplier of {name!r} has reached its cap of {self.cap:g}: its mean is {self.costs[name]:.4g}, and "
            f"the limit of {self.limits[name]:g} may be out of reach",
            stacklevel=2,
        )

    def update(self, observation: Mapping[str, float]) -> None:
        for name, cost in observation.items():
            self._seen.setdefault(name, []).append(cost)

    def state_dict(self) -> dict[str, Any]:
        return {"multipliers": dict(self.values), "costs": dict(self.costs)}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up what `state_dict` gave.

        Raises:
            ValueError: it is of other costs.
        """
        if saved["multipliers"].keys() != self.values.keys():
            raise ValueError(f"saved were the costs {sorted(saved['multipliers'])}, these are {sorted(self.values)}")
        self.values = {name: float(saved["multipliers"][name]) for name in self.values}
        self.costs = {name: float(cost) for name, cost in saved["costs"].items()}
        self.discard()
