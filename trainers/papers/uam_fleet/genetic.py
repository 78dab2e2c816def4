"""A genetic algorithm that plans a day it knows: the baseline with perfect information."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ....judges.fleet import Dispatcher, FleetDay, Scenario, operate

Genes = list[int]


class GeneDispatcher(Dispatcher):
    """Destinations in the order of the decisions; one that is not allowed, or is missing, means to stay."""

    def __init__(self, genes: Sequence[int]) -> None:
        self.genes = genes

    def choose(self, day: FleetDay) -> int:
        """The gene of this decision, or the aircraft's own place."""
        done = len(day.decisions)
        wanted = self.genes[done] if done < len(self.genes) else day.aircraft.place
        return wanted if day.mask()[wanted] else day.aircraft.place


@dataclass(frozen=True)
class GeneticConfig:
    """Sizes and rates. genes: destinations of a chromosome. elite: chromosomes that live on unchanged."""

    population: int = 30
    generations: int = 40
    genes: int = 400
    tournament: int = 3
    crossover: float = 0.9
    mutation: float = 0.01
    elite: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.elite < self.population or min(self.generations, self.genes, self.tournament) < 1:
            raise ValueError(f"sizes from 1 up and fewer elite than population, not {self}")
        if not (0 <= self.crossover <= 1 and 0 <= self.mutation <= 1):
            raise ValueError(f"crossover and mutation are probabilities, not {self.crossover} and {self.mutation}")


class GeneticDispatcher(Dispatcher):
    """Evolves a plan before the day begins, on the day itself: demand, delays and failures are known to it.

    Attributes:
        history: the best profit of each generation of the last day, dollars.
    """

    def __init__(self, config: GeneticConfig | None = None, seed: int = 0) -> None:
        self.config = config or GeneticConfig()
        self.seed = seed
        self.history: list[float] = []
        self._plan = GeneDispatcher(())

    def begin(self, day: FleetDay) -> None:
        """Evolve the plan for this day."""
        scenario, config = day.scenario, self.config
        rng = random.Random(f"genes {self.seed} day {scenario.seed}")
        places = range(scenario.world.vertiports)
        population = [rng.choices(places, k=config.genes) for _ in range(config.population)]
        ranked = _ranked(population, scenario)
        self.history = [ranked[0][0]]
        for _ in range(config.generations - 1):
            children = [self._child(ranked, places, rng) for _ in range(config.population - config.elite)]
            ranked = sorted([*ranked[: config.elite], *_ranked(children, scenario)], key=lambda each: -each[0])
            self.history.append(ranked[0][0])
        self._plan = GeneDispatcher(ranked[0][1])

    def choose(self, day: FleetDay) -> int:
        """The plan's destination."""
        return self._plan.choose(day)

    def _child(self, ranked: Sequence[tuple[float, Genes]], places: range, rng: random.Random) -> Genes:
        mother, father = (self._parent(ranked, rng) for _ in range(2))
        child = mother.copy()
        if rng.random() < self.config.crossover:
            point = rng.randrange(len(mother))
            child[point:] = father[point:]
        return [rng.choice(places) if rng.random() < self.config.mutation else gene for gene in child]

    def _parent(self, ranked: Sequence[tuple[float, Genes]], rng: random.Random) -> Genes:
        return ranked[min(rng.randrange(len(ranked)) for _ in range(self.config.tournament))][1]


def _ranked(population: Sequence[Genes], scenario: Scenario) -> list[tuple[float, Genes]]:
    """With their profits, the best first."""
    scored = [(operate(scenario, GeneDispatcher(genes)).profit, genes) for genes in population]
    return sorted(scored, key=lambda each: -each[0])
