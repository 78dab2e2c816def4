"""Who decides where aircraft fly: one interface, and the two simplest ones."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod

from .day import FleetDay
from .scenario import Scenario

LOW_BATTERY = 40.0  # kWh below which the greedy one charges


class Dispatcher(ABC):
    """Decides for every aircraft that becomes free."""

    def begin(self, day: FleetDay) -> None:  # noqa: B027 - most have nothing to prepare
        """Look at a day before its first decision."""

    @abstractmethod
    def choose(self, day: FleetDay) -> int:
        """The vertiport that the deciding aircraft goes to, one that `day.mask()` allows."""


class RandomDispatcher(Dispatcher):
    """Any vertiport that is allowed. The same day with the same `seed` is the same choice."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._rng = random.Random(seed)

    def begin(self, day: FleetDay) -> None:
        """Start the day's random numbers."""
        self._rng = random.Random(f"dispatcher {self.seed} day {day.scenario.seed}")

    def choose(self, day: FleetDay) -> int:
        """One of the allowed vertiports, all with the same probability."""
        return self._rng.choice([place for place, allowed in enumerate(day.mask()) if allowed])


class GreedyDispatcher(Dispatcher):
    """The flight that earns most now; stays where none earns anything, and charges below `low_battery` kWh."""

    def __init__(self, low_battery: float = LOW_BATTERY) -> None:
        self.low_battery = low_battery

    def choose(self, day: FleetDay) -> int:
        """The best flight, or the aircraft's own place."""
        aircraft = day.aircraft
        if aircraft.battery < self.low_battery and day.can_charge():
            return aircraft.place
        flights = [place for place, allowed in enumerate(day.mask()) if allowed and place != aircraft.place]
        best = max(flights, key=day.worth, default=aircraft.place)
        return best if best != aircraft.place and day.worth(best) > 0 else aircraft.place


def operate(scenario: Scenario, dispatcher: Dispatcher) -> FleetDay:
    """A whole day with one dispatcher, over."""
    day = FleetDay(scenario)
    dispatcher.begin(day)
    while not day.over:
        day.decide(dispatcher.choose(day))
    return day
