"""The genetic algorithm: it plans a day, never forgets its best plan, and is the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jurybox.judges.fleet import FleetWorld, RandomDispatcher, Scenario, operate
from jurybox.trainers.papers.uam_fleet import GeneticConfig, GeneticDispatcher

DAY = Scenario(FleetWorld.mini(), -1)
SMALL = GeneticConfig(population=8, generations=12)


def test_it_improves_from_generation_to_generation():
    dispatcher = GeneticDispatcher(SMALL)
    day = operate(DAY, dispatcher)
    assert day.profit == dispatcher.history[-1]
    assert len(dispatcher.history) == 12
    assert all(later >= sooner for sooner, later in pairwise(dispatcher.history))
    assert dispatcher.history[-1] > dispatcher.history[0]
    assert day.profit > operate(DAY, RandomDispatcher()).profit


def test_a_seed_is_a_plan():
    plans = [operate(DAY, GeneticDispatcher(SMALL, seed)).decisions for seed in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]


def test_a_short_chromosome_stays_when_it_ends():
    day = operate(DAY, GeneticDispatcher(GeneticConfig(population=2, generations=1, genes=5)))
    assert all(decision.origin == decision.destination for decision in day.decisions[5:])


@pytest.mark.parametrize("wrong", [{"elite": 30}, {"generations": 0}, {"mutation": 1.5}, {"crossover": -0.1}])
def test_sizes_and_rates_are_checked(wrong):
    with pytest.raises(ValueError, match="not"):
        GeneticConfig(**wrong)
