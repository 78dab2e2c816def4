"""Which part is asked: by a column of the data set, or the first that applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..judges import Sample, Verdict
from ..judges.sample import missing_column
from .batch import Batch
from .leaf import as_reward
from .reward import Reward


@dataclass(frozen=True, repr=False, init=False)
class Route(Reward):
    """One part for each value of a column: `Route("task", math=MathJudge(), code=CodeJudge())`.

    Each part is asked only for its own rows, so its columns may be None elsewhere. A row whose value has no route
    abstains. Values that are no Python names go in as a mapping: `Route("lang", {"c++": Compiles()})`.
    """

    column: str
    routes: tuple[tuple[Any, Reward], ...]

    _default_name = "route"

    def __init__(
        self,
        column: str,
        routes: dict[Any, Any] | None = None,
        /,
        *,
        label: str = "",
        shown: bool = False,
        **named: Any,
    ) -> None:
        if not isinstance(label, str) or not isinstance(shown, bool):
            raise TypeError("routes for the values 'label' and 'shown' go in as a mapping: Route('task', {'label': …})")
        pairs = {**(routes or {}), **named}
        if not isinstance(column, str):
            raise TypeError(f"Route takes the name of a column first, not {column!r}")
        if not pairs:
            raise ValueError("a Route needs at least one route, e.g. Route('task', math=MathJudge())")
        object.__setattr__(self, "column", column)
        object.__setattr__(self, "routes", tuple((value, as_reward(part)) for value, part in pairs.items()))
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "shown", shown)
        self.__post_init__()

    @property
    def parts(self) -> tuple[Reward, ...]:
        return tuple(part for _, part in self.routes)

    @property
    def part_names(self) -> tuple[str, ...]:
        return tuple(str(value) for value, _ in self.routes)

    @property
    def bounds(self) -> tuple[float, float]:
        return _widest(self.parts)

    def _written(self) -> str:
        values = [value for value, _ in self.routes]
        if all(isinstance(value, str) and value.isidentifier() for value in values):
            routes = ", ".join(f"{value}={part!r}" for value, part in self.routes)
        else:
            routes = "{" + ", ".join(f"{value!r}: {part!r}" for value, part in self.routes) + "}"
        return f"Route({self.column!r}, {routes})"

    def unusable(self, sample: Sample) -> list[str]:
        value = sample[self.column]
        parts = [part for own, part in self.routes if own == value]
        if not parts:
            return [f"{self.name}: no route for {value!r:.80}"]
        return [why for part in parts for why in part.unusable(sample)]

    def require(self, given: Any) -> None:
        if self.column not in given:
            raise missing_column("Route", self.column, given)
        super().require(given)

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        values = {row: batch.samples[row][self.column] for row in rows}
        said: dict[int, Verdict] = {}
        for place, (value, part) in enumerate(self.routes):
            own = [row for row in rows if values[row] == value]
            for row, verdict in zip(own, part.evaluate(batch, own), strict=True):
                parts = tuple(verdict if i == place else None for i in range(len(self.routes)))
                said[row] = self._say(verdict.score, verdict.passed, parts, f"route {value}")
        nowhere = (None,) * len(self.routes)
        return [said[row] if row in said else self._say(None, None, nowhere, "no route") for row in rows]


@dataclass(frozen=True, repr=False, init=False)
class Cascade(Reward):
    """The first part that applies wins: `Cascade(MathJudge(), LLMJudge(...))`, cheap first.

    A later part is asked only for the rows to which no earlier one applied ("skipped": the row's gold is unusable,
    say). Where a part failed ("error", "timeout") the row abstains: another judge's word is not what was asked for.
    """

    stages: tuple[Reward, ...]

    _default_name = "cascade"

    def __init__(self, *stages: Any, label: str = "", shown: bool = False) -> None:
        if len(stages) < 2:
            raise ValueError(f"a Cascade needs at least two parts, the cheapest first; it got {len(stages)}")
        object.__setattr__(self, "stages", tuple(map(as_reward, stages)))
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "shown", shown)
        self.__post_init__()

    @property
    def parts(self) -> tuple[Reward, ...]:
        return self.stages

    @property
    def bounds(self) -> tuple[float, float]:
        return _widest(self.stages)

    @property
    def handing_on(self) -> tuple[Reward, ...]:
        return self.stages[:-1]

    def unusable(self, sample: Sample) -> list[str]:
        found = [stage.unusable(sample) for stage in self.stages]
        return [why for reasons in found for why in reasons] if all(found) else []  # one stage that can is enough

    def _written(self) -> str:
        return f"Cascade({', '.join(map(repr, self.stages))})"

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        asked: dict[int, list[Verdict]] = {row: [] for row in rows}
        undecided = list(rows)
        for stage in self.stages:
            for row, verdict in zip(undecided, stage.evaluate(batch, undecided), strict=True):
                asked[row].append(verdict)
            undecided = [row for row in undecided if asked[row][-1].status == "skipped" and asked[row][-1].abstains]
        return [self._last_word(asked[row]) for row in rows]

    def _last_word(self, asked: list[Verdict]) -> Verdict:
        last = asked[-1]
        parts = (*asked, *(None,) * (len(self.stages) - len(asked)))
        name = self.part_names[len(asked) - 1]
        if last.abstains:
            return self._say(None, None, parts, "all abstain" if last.status == "skipped" else f"{name} abstains")
        return self._say(last.score, last.passed, parts, f"decided by {name}")


def _widest(parts: Sequence[Reward]) -> tuple[float, float]:
    lows, highs = zip(*(part.bounds for part in parts), strict=True)
    return min(lows), max(highs)
