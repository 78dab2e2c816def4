"""The simulated day: what it conserves, what it forbids, and that a seed is a day."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import pytest

from jurybox.judges.fleet import (
    Dispatcher,
    FleetDay,
    FleetWorld,
    GreedyDispatcher,
    RandomDispatcher,
    Scenario,
    action_mask,
    operate,
)
from jurybox.judges.fleet.world import MINUTES

MINI = FleetWorld.mini()
# Everything that can go wrong goes wrong often, and two chargers are fewer than the aircraft that want them.
HARSH = replace(MINI, chargers=(1, 1, 2, 0), closure=0.4, failure=0.05, delay=20.0, peak=12.0)


class Watched(RandomDispatcher):
    """Looks at the day before every decision."""

    def choose(self, day: FleetDay) -> int:
        world = day.world
        for aircraft in day.fleet:
            assert 0 <= aircraft.battery <= world.battery_max
        standing = Counter(aircraft.place for aircraft in day.fleet if aircraft.alive)
        assert all(standing[place] == day.occupied[place] <= world.parking[place] for place in range(world.vertiports))
        assert all(0 <= used <= most for used, most in zip(day.charging, world.chargers, strict=True))
        mask = day.mask()
        assert mask[day.aircraft.place]
        closed = day.scenario.closed[int(day.now // 60)][day.aircraft.place]
        assert mask == action_mask(
            day.aircraft.place,
            day.aircraft.battery,
            world.miles[day.aircraft.place],
            closed,
            [aircraft.place for aircraft in day.fleet],
            [aircraft.alive for aircraft in day.fleet],
            park_capacity=list(world.parking),
            kwh_per_mile=world.kwh_per_mile,
            reserve_kwh=world.reserve_kwh,
        )
        choice = super().choose(day)
        self.seen.append(day.worth(choice))
        return choice

    def begin(self, day: FleetDay) -> None:
        super().begin(day)
        self.seen: list[float] = []


@pytest.mark.parametrize("world", [MINI, HARSH, FleetWorld.city()], ids=["mini", "harsh", "city"])
def test_a_day_conserves_passengers_batteries_and_places(world):
    for seed in range(3):
        watched = Watched(seed)
        day = operate(Scenario(world, seed), watched)
        carried: Counter[tuple[int, int, int]] = Counter()
        departures = defaultdict(list)
        for decision, worth in zip(day.decisions, watched.seen, strict=True):
            assert decision.profit == worth
            if decision.origin != decision.destination:
                route = (decision.origin, decision.destination)
                carried[(int(decision.minute // world.bin_minutes), *route)] += decision.passengers
                departures[route].append(decision.departure)
                flown = 60 * world.miles[route[0]][route[1]] / world.miles_per_hour
                assert decision.arrival == decision.departure + flown
            assert decision.minute <= decision.departure
            assert decision.minute < MINUTES
        assert all(count <= day.scenario.demand[at][here][there] for (at, here, there), count in carried.items())
        for times in departures.values():
            assert min(later - sooner for sooner, later in pairwise([-9.0, *times])) >= world.separation - 1e-9
        assert day.profit == pytest.approx(sum(decision.profit for decision in day.decisions), abs=1e-9)
        assert [decision.minute for decision in day.decisions] == sorted(decision.minute for decision in day.decisions)


@pytest.mark.slow
def test_a_thousand_random_days_never_meet_an_empty_mask():
    for seed in range(1000):
        day, rng = FleetDay(Scenario(HARSH if seed % 2 else MINI, seed)), random.Random(seed)
        while not day.over:
            allowed = [place for place, free in enumerate(day.mask()) if free]
            assert day.aircraft.place in allowed
            day.decide(rng.choice(allowed))


def test_a_seed_and_the_same_decisions_are_the_same_day():
    first, again = (operate(Scenario(HARSH, 7), RandomDispatcher(3)) for _ in range(2))
    assert first.decisions == again.decisions
    assert first.profit == again.profit
    replayed = FleetDay(Scenario(HARSH, 7))
    assert sum(replayed.decide(decision.destination) for decision in first.decisions) == pytest.approx(first.profit)
    assert replayed.over
    assert operate(Scenario(HARSH, 8), RandomDispatcher(3)).decisions != first.decisions
    assert operate(Scenario(HARSH, 7), RandomDispatcher(4)).decisions != first.decisions


def test_luck_does_not_depend_on_what_others_do():
    def departure(first: int) -> float:
        """When aircraft 1 takes off to vertiport 2, after aircraft 0 did this."""
        day = FleetDay(Scenario(replace(MINI, closure=0.0), 5))
        day.decide(first)
        day.decide(2)
        return day.decisions[1].departure

    assert departure(0) == departure(1) == departure(2) == departure(3) > 0


def test_one_vertiport_earns_nothing():
    alone = FleetWorld(((0.0, 0.0),), (3,), (1,), 3)
    assert operate(Scenario(alone, 0), RandomDispatcher()).profit == 0
    tired = FleetDay(Scenario(alone, 0))
    for aircraft in tired.fleet:
        aircraft.battery = 20.0
    while not tired.over:
        tired.decide(0)
    assert tired.profit == pytest.approx(-0.2 * 3 * 90)
    assert [decision.profit for decision in tired.decisions[:3]] == [-7.5, 0.0, 0.0]  # there is one charger


def test_an_aircraft_that_fails_lands_earns_and_leaves():
    day = operate(Scenario(replace(MINI, failure=1.0, closure=0.0), 3), GreedyDispatcher())
    flights = Counter(decision.aircraft for decision in day.decisions if decision.origin != decision.destination)
    assert max(flights.values()) == 1
    assert day.profit > 0
    gone = [aircraft for aircraft in day.fleet if not aircraft.alive]
    assert gone
    assert sum(day.occupied) == len(day.fleet) - len(gone)


def test_what_is_not_allowed_raises():
    day = FleetDay(Scenario(replace(MINI, closure=1.0), 1))
    with pytest.raises(ValueError, match="aircraft 0 may not fly from 0 to 1"):
        day.decide(1)
    for nowhere in (4, -1, True, 1.0, None, "1"):
        with pytest.raises(ValueError, match="destination is the number of a vertiport"):
            day.decide(nowhere)
    while not day.over:
        day.decide(day.aircraft.place)
    assert (day.profit, len(day.decisions)) == (0.0, 6 * 48)
    with pytest.raises(ValueError, match="the day is over"):
        day.decide(0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"parking": (3, 3, 3)}, "parking"),
        ({"parking": (1, 3, 3, 3)}, "no room"),
        ({"chargers": (1, 1, 1.5, 0)}, "chargers"),
        ({"chargers": (1, 1, -1, 0)}, "chargers"),
        ({"positions": ((0.0, 0.0),) * 4}, "same place"),
        ({"positions": ((0.0, float("nan")), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0))}, "positions"),
        ({"seats": 0}, "seats"),
        ({"kwh_per_mile": float("nan")}, "kwh_per_mile"),
        ({"price_per_kwh": -1.0}, "price_per_kwh"),
        ({"closure": 1.5}, "closure"),
        ({"bin_minutes": 7}, "bin_minutes"),
    ],
)
def test_a_world_that_cannot_be_raises(settings, words):
    with pytest.raises(ValueError, match=words):
        replace(MINI, **settings)


def test_demand_has_its_mean_and_its_peaks():
    days = [Scenario(MINI, seed).demand for seed in range(200)]
    for time, here, there in ((10, 0, 1), (42, 1, 0), (20, 0, 2)):
        mean = MINI.expected_demand[time][here][there]
        assert fmean(day[time][here][there] for day in days) == pytest.approx(mean, abs=4 * (mean / 200) ** 0.5)
    morning, evening = MINI.expected_demand[10], MINI.expected_demand[42]
    assert morning[0][1] > 3 * morning[1][0]
    assert evening[1][0] > 3 * evening[0][1]
    assert all(day[0][here][here] == 0 for day in days for here in range(4))
    busy = Scenario(replace(MINI, peak=2000.0), 0)
    assert busy.demand[10][0][1] == pytest.approx(busy.world.expected_demand[10][0][1], rel=0.1)


def test_greedy_earns_more_than_chance():
    def mean(dispatcher: Dispatcher) -> float:
        return fmean(operate(Scenario(MINI, seed), dispatcher).profit for seed in range(20))

    assert mean(GreedyDispatcher()) > 2 * mean(RandomDispatcher())
