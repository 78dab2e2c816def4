"""The simulator: a day of flights, decision by decision."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from .economics import Stop, charged
from .rules import Corridors, known, reachable
from .scenario import Scenario
from .world import MINUTES


@dataclass(slots=True)
class Aircraft:
    """One aircraft; `place` is where it stands or will land, `free` the minute when it is asked again."""

    place: int
    battery: float
    free: float = 0.0
    alive: bool = True
    charging: bool = False
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What an aircraft did at a minute of the day; to its own place it did not fly. profit: dollars."""

    aircraft: int
    origin: int
    destination: int
    minute: float
    departure: float
    arrival: float
    passengers: int
    profit: float


class FleetDay:
    """A day that waits for decisions: `deciding` is the aircraft that is free at minute `now`, None when it is over.

    >>> from .world import FleetWorld
    >>> day = FleetDay(Scenario(FleetWorld.mini(), seed=1))
    >>> day.deciding, day.mask()
    (0, [True, True, True, True])
    >>> round(day.decide(1), 2) == round(day.profit, 2)
    True

    Aircraft are asked in the order in which they become free, the lowest number first on ties. Fare and passengers
    are those of the bin of the decision; routes that are closed then cannot be taken. A flight that begins before
    18:00 counts in full, and one after which the aircraft fails, too.
    """

    def __init__(self, scenario: Scenario) -> None:
        world = scenario.world
        self.scenario = scenario
        self.world = world
        self.fleet = [Aircraft(k % world.vertiports, world.battery_max) for k in range(world.aircraft)]
        self.left = [[row.copy() for row in of_bin] for of_bin in scenario.demand]
        self.occupied = [0] * world.vertiports
        for aircraft in self.fleet:
            self.occupied[aircraft.place] += 1
        self.charging = [0] * world.vertiports
        self.decisions: list[Decision] = []
        self.profit = 0.0
        self.now = 0.0
        self.deciding: int | None = None
        self._corridors = Corridors(world.separation)
        self._luck = [scenario.luck(k) for k in range(world.aircraft)]
        self._queue = [(aircraft.free, k) for k, aircraft in enumerate(self.fleet)]
        heapify(self._queue)
        self._next()

    @property
    def over(self) -> bool:
        """Whether nothing is left to decide."""
        return self.deciding is None

    @property
    def bin(self) -> int:
        """The time bin of the decision."""
        return int(self.now // self.world.bin_minutes)

    @property
    def aircraft(self) -> Aircraft:
        """The aircraft that decides.

        Raises:
            ValueError: the day is over.
        """
        if self.deciding is None:
            raise ValueError("the day is over: nothing is left to decide")
        return self.fleet[self.deciding]

    def mask(self) -> list[bool]:
        """Where the deciding aircraft may go, by vertiport."""
        aircraft, world = self.aircraft, self.world
        closed = self.scenario.closed[int(self.now // 60)][aircraft.place]
        return reachable(
            aircraft.place,
            aircraft.battery,
            world.miles[aircraft.place],
            closed,
            self.occupied,
            world.parking,
            world.kwh_per_mile,
            world.reserve_kwh,
        )

    def can_charge(self) -> bool:
        """Whether a charger is free where the deciding aircraft stands."""
        place = self.aircraft.place
        return self.charging[place] < self.world.chargers[place]

    def passengers(self, destination: int) -> int:
        """How many would board for a destination."""
        return min(self.world.seats, self.left[self.bin][self.aircraft.place][destination])

    def worth(self, destination: int) -> float:
        """The profit of a decision, dollars, without taking it."""
        origin = self.aircraft.place
        if destination == origin:
            return self._stop().reward
        return self.passengers(destination) * self.scenario.surplus[self.bin][origin][destination]

    def decide(self, destination: int) -> float:
        """Take a decision; its profit in dollars.

        Raises:
            ValueError: the aircraft may not go there, there is no such vertiport, or the day is over.
        """
        aircraft, origin = self.aircraft, self.aircraft.place
        if not self.mask()[known(destination, self.world.vertiports, "destination")]:
            raise ValueError(f"aircraft {self.deciding} may not fly from {origin} to {destination} now")
        passengers, departure = 0, self.now
        if destination == origin:
            profit = self._park(aircraft)
        else:
            passengers, profit = self.passengers(destination), self.worth(destination)
            departure = self._fly(aircraft, destination, passengers)
        assert self.deciding is not None
        self.decisions.append(
            Decision(self.deciding, origin, destination, self.now, departure, aircraft.free, passengers, profit)
        )
        self.profit += profit
        heappush(self._queue, (aircraft.free, self.deciding))
        self._next()
        return profit

    def _stop(self) -> Stop:
        world = self.world
        minutes = world.stop_minutes if self.can_charge() else 0.0
        return charged(self.aircraft.battery, minutes, world.battery_max, world.charge_kw, world.price_per_kwh)

    def _park(self, aircraft: Aircraft) -> float:
        battery, profit = self._stop()
        aircraft.charging = battery > aircraft.battery
        self.charging[aircraft.place] += aircraft.charging
        aircraft.battery = battery
        aircraft.free = self.now + self.world.stop_minutes
        return profit

    def _fly(self, aircraft: Aircraft, destination: int, passengers: int) -> float:
        world, origin = self.world, aircraft.place
        assert self.deciding is not None
        deviation, aircraft.failing = next(self._luck[self.deciding])
        departure = self._corridors.depart(self.now, self.scenario.delays[origin] + deviation, origin, destination)
        self.left[self.bin][origin][destination] -= passengers
        self.occupied[origin] -= 1
        self.occupied[destination] += 1
        aircraft.place = destination
        aircraft.battery -= world.kwh_per_mile * world.miles[origin][destination]
        aircraft.free = departure + 60 * world.miles[origin][destination] / world.miles_per_hour
        return departure

    def _next(self) -> None:
        """Go on to the next aircraft that is free; one that failed leaves its place."""
        self.deciding = None
        while self._queue and self._queue[0][0] < MINUTES:
            self.now, k = heappop(self._queue)
            aircraft = self.fleet[k]
            self.charging[aircraft.place] -= aircraft.charging
            aircraft.charging = False
            if not aircraft.failing:
                self.deciding = k
                return
            aircraft.alive = False
            self.occupied[aircraft.place] -= 1
