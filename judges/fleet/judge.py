"""What does a schedule earn? It is flown in the simulator."""

from __future__ import annotations

from typing import Any

from ..json.extract import extract
from ..json.strict import Malformed
from ..judge import Judge
from ..options import finite
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from .dispatchers import Dispatcher, GreedyDispatcher, operate
from .economics import not_negative
from .scenario import scenario_of
from .schedule import BadSchedule, ScheduleDispatcher, orders_of
from .world import FleetWorld

KEPT = 10_000  # days whose reference profit is remembered


class ScheduleJudge(Judge):
    """Scores a day's schedule by its profit over that of a reference dispatcher.

    score = clip( (profit − penalty · infeasible orders) / (ceiling · reference profit), 0, 1 )

    >>> ScheduleJudge().verdict('{"0": [1, 0], "1": [0]}', scenario_seed=3).reason
    'flown'

    The completion's JSON object (in a fence, or the last one in the text) has the vertiports of each aircraft,
    `{"0": [1, 0, 2], "1": […]}`; orders are followed whenever the aircraft is free. One that is not allowed then (route
    closed, battery too low, no room) is replaced by a stay and costs `penalty`. An aircraft without orders stays, and
    orders whose turn never comes do not matter. Times `ceiling`, the score is the reward profit / reference profit,
    between 0 and `ceiling`.

    Reasons: "flown"; of a score of 0 also "not a schedule", "unknown aircraft", "unknown vertiport", and what can be
    wrong with JSON (see `JSONJudge`). Of no score: "unusable seed", "no reference profit" (the row's fault).

    Args:
        world: vertiports, aircraft and prices; by default `FleetWorld.mini()`.
        reference: whose profit of the same day counts as 1; the greedy dispatcher by default.
        penalty: dollars for an infeasible order.
        ceiling: the multiple of the reference profit that has score 1; a schedule passes at the reference profit.
        seed_column: the column with the number of each row's day.

    Raises:
        ValueError: a penalty below 0 or a ceiling below 1.
    """

    reads = "text"

    def __init__(
        self,
        world: FleetWorld | None = None,
        *,
        reference: Dispatcher | None = None,
        penalty: float = 5.0,
        ceiling: float = 2.0,
        seed_column: str = "scenario_seed",
    ) -> None:
        if finite(ceiling, "ceiling") < 1:
            raise ValueError(f"ceiling={ceiling!r}: give at least 1, the profit of the reference")
        self.world = world or FleetWorld.mini()
        self.reference = reference or GreedyDispatcher()
        self.penalty = not_negative(penalty, "penalty")
        self.ceiling = float(ceiling)
        self.threshold = 1 / self.ceiling
        self.columns = (seed_column,)
        self._reference_profits: dict[int, float] = {}

    def reference_profit(self, seed: int) -> float:
        """What the reference earns on a day, dollars."""
        if seed not in self._reference_profits:
            if len(self._reference_profits) >= KEPT:
                self._reference_profits.clear()
            self._reference_profits[seed] = operate(scenario_of(self.world, seed), self.reference).profit
        return self._reference_profits[seed]

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _judge(self, sample: Sample) -> Verdict:
        seed = _whole(sample[self.columns[0]])
        if seed is None:
            return Verdict(None, "skipped", "unusable seed", {"seed": repr(sample[self.columns[0]])[:80]})
        reference = self.reference_profit(seed)
        if reference <= 0:
            return Verdict(None, "skipped", "no reference profit", {"reference": reference})
        try:
            orders = orders_of(extract(sample.text).value, self.world)
        except Malformed as error:
            return Verdict(0.0, reason=error.problem, evidence={"detail": error.detail})
        except BadSchedule as error:
            return Verdict(0.0, reason=error.reason, evidence={"detail": error.detail})
        dispatcher = ScheduleDispatcher(orders)
        profit = operate(scenario_of(self.world, seed), dispatcher).profit
        ratio = (profit - self.penalty * dispatcher.infeasible) / reference
        evidence = {
            "profit": profit,
            "reference": reference,
            "infeasible": dispatcher.infeasible,
            "never_reached": sum(map(len, orders.values())) - sum(dispatcher.followed.values()),
        }
        return Verdict(min(max(ratio / self.ceiling, 0.0), 1.0), reason="flown", evidence=evidence)


def _whole(value: Any) -> int | None:
    """The seed as a whole number, also of NumPy or a float of a data frame; None if it is none."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
