"""Who chooses the times of an episode: chance, Metropolis-Hastings on the critic, or the best of many draws.

A choice is an alternative's number with the times of its variables. What a choice is worth says a function of
environments and choices: the critic's value of the start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from .grounding import Alternative, TimeVariable
from .metropolis import mh_accept, require_temperature

Choice = tuple[int, dict[str, int]]
Worth = Callable[[NDArray[np.int64], Sequence[Choice]], NDArray[np.float64]]
"""(rows (N,), N choices) to (N,): what each choice is worth to the environment of that row."""
TRIES = 1000


@dataclass(frozen=True, slots=True)
class Metropolis:
    """How a chain over times moves.

    temperature: of the target exp(V/temperature), in the unit of the stage reward.
    steps: of every chain. width: the most samples by which a time moves at once.
    uniform: the share of episodes whose times are drawn by chance, so that what the critic knows nothing of is tried.
    """

    temperature: float = 1.0
    steps: int = 30
    width: int = 3
    uniform: float = 0.2

    def __post_init__(self) -> None:
        require_temperature(self.temperature)
        if self.steps < 1 or self.width < 1 or not 0.0 <= self.uniform <= 1.0:
            raise ValueError(f"steps and width are at least 1 and uniform a share, unlike {self}")


class Allocation:
    """Draws times within the bounds of a formula's alternatives, on a trace of so many samples.

    Raises:
        ValueError: no times are found that fit the trace.
    """

    def __init__(self, alternatives: Sequence[Alternative], samples: int, seed: int = 0) -> None:
        self.alternatives, self.samples = tuple(alternatives), samples
        self.rng = np.random.default_rng(seed)
        self._boxes = [self._box(alternative) for alternative in self.alternatives]
        self.draw()

    def draw(self) -> Choice:
        """An alternative by chance, then one time after the other, each uniform within its bounds."""
        for _ in range(TRIES):
            number = int(self.rng.integers(len(self.alternatives)))
            times: dict[str, int] = {}
            for variable in self.alternatives[number].variables:
                lo, hi = self._bounds(variable, times)
                if lo > hi:
                    break
                times[variable.name] = int(self.rng.integers(lo, hi + 1))
            else:
                if self.allows((number, times)):
                    return number, times
        raise ValueError(f"no times within the formula's bounds were found for a trace of {self.samples} samples")

    def allows(self, choice: Choice) -> bool:
        """Whether all times are within their bounds and everything is looked at before the trace ends."""
        alternative, times = self.alternatives[choice[0]], choice[1]
        goals = [goal.at.at(times) for goal in alternative.reach]
        ends = [kept.end.at(times) for kept in alternative.invariants if kept.end.at(times) >= kept.start.at(times)]
        return alternative.allows(times) and max([0, *goals, *ends]) < self.samples

    def uniform(self, count: int) -> list[Choice]:
        """So many draws."""
        return [self.draw() for _ in range(count)]

    def best_of(self, count: int, draws: int, worth: Worth) -> list[Choice]:
        """For each of `count` environments the draw that is worth most to it."""
        rows = np.repeat(np.arange(count), draws)
        drawn = self.uniform(count * draws)
        best = worth(rows, drawn).reshape(count, draws).argmax(1)
        return [drawn[row * draws + int(place)] for row, place in enumerate(best)]

    def metropolis(self, count: int, worth: Worth, settings: Metropolis) -> list[Choice]:
        """The ends of `count` chains that begin with draws; a share of them stays there."""
        choices = self.uniform(count)
        moving = np.flatnonzero(self.rng.random(count) >= settings.uniform)
        if not len(moving):
            return choices
        values = worth(moving, [choices[row] for row in moving])
        for _ in range(settings.steps):
            proposed = [self._proposal(choices[row], settings.width) for row in moving]
            inside = [self.allows(choice) for choice, _ in proposed]
            asked = [
                new if fits else choices[row] for row, (new, _), fits in zip(moving, proposed, inside, strict=True)
            ]
            others = worth(moving, asked)
            for place, row in enumerate(moving):
                # A draw of a whole choice is not symmetric: its density is part of the ratio (see `_proposal`).
                tilted = float(others[place]) + settings.temperature * proposed[place][1]
                if mh_accept(float(values[place]), tilted, self.rng.random(), settings.temperature, inside[place]):
                    choices[row], values[place] = asked[place], others[place]
        return choices

    def _proposal(self, choice: Choice, width: int) -> tuple[Choice, float]:
        """A neighbour, and the logarithm of q(back)/q(there): 0 for the moves that are symmetric.

        Half of the time every time moves by up to `width`, else one is drawn anew from all it could ever be. With
        several alternatives a third of the proposals are whole draws, by which chains change the alternative.
        """
        number, times = choice
        if len(self.alternatives) > 1 and self.rng.random() < 1 / 3:
            other = self.draw()
            return other, self._density(choice) - self._density(other)
        moved = dict(times)
        names = list(moved)
        if names and self.rng.random() < 0.5:
            for name in names:
                moved[name] += int(self.rng.integers(1, width + 1)) * int(self.rng.choice((-1, 1)))
        elif names:
            name = names[int(self.rng.integers(len(names)))]
            lo, hi = self._boxes[number][name]
            moved[name] = int(self.rng.integers(lo, hi + 1))
        return (number, moved), 0.0

    def _density(self, choice: Choice) -> float:
        """The logarithm of the probability of drawing this, up to what all allowed choices have in common."""
        number, times = choice
        total = 0.0
        for variable in self.alternatives[number].variables:
            lo, hi = self._bounds(variable, times)
            total -= log(hi - lo + 1)
        return total

    def _bounds(self, variable: TimeVariable, times: dict[str, int]) -> tuple[int, int]:
        return variable.lo.at(times), min(variable.hi.at(times), self.samples - 1)

    def _box(self, alternative: Alternative) -> dict[str, tuple[int, int]]:
        """The least and the largest that each time can be."""
        least: dict[str, int] = {}
        most: dict[str, int] = {}
        for variable in alternative.variables:
            least[variable.name] = variable.lo.at(least)
            most[variable.name] = max(least[variable.name], min(variable.hi.at(most), self.samples - 1))
        return {name: (least[name], most[name]) for name in least}
