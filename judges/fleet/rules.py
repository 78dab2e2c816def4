"""Where an aircraft may fly next, and when it may take off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..options import finite
from .economics import not_negative


def reachable(
    origin: int,
    battery: float,
    miles: Sequence[float],
    closed: Sequence[Any],
    occupied: Sequence[int],
    parking: Sequence[int],
    kwh_per_mile: float,
    reserve_kwh: float,
) -> list[bool]:
    """Which vertiports an aircraft may go to, by number; its own, which means to stay, always.

    Another one is allowed where the route is open, the battery lasts for the way and the reserve, and fewer aircraft
    stand there or are on their way there than it has places. All sequences are by vertiport; nothing is checked.
    """
    return [
        place == origin
        or (not closed[place] and battery >= kwh_per_mile * far + reserve_kwh and occupied[place] < parking[place])
        for place, far in enumerate(miles)
    ]


def action_mask(
    origin: int,
    battery: float,
    miles_from_origin: Sequence[float],
    route_closed: Sequence[Any],
    committed_location: Sequence[int],
    alive: Sequence[Any],
    *,
    park_capacity: int | Sequence[int],
    kwh_per_mile: float = 110 / 60,
    reserve_kwh: float = 11.0,
) -> list[bool]:
    """`reachable` from the places of all aircraft.

    >>> action_mask(0, 40.0, [0, 10, 15.9], [0, 0, 0], [0, 1, 2], [1, 1, 1], park_capacity=3)
    [True, True, False]

    Args:
        committed_location: by aircraft, where it stands or, in flight, where it will land.
        alive: by aircraft; one that is out of service takes no place.
        park_capacity: places of every vertiport, or of each.

    Raises:
        ValueError: a number is negative or not finite, a vertiport does not exist, or lengths differ.
    """
    count = len(miles_from_origin)
    capacity = [park_capacity] * count if isinstance(park_capacity, int) else list(park_capacity)
    for name, values in (("route_closed", route_closed), ("park_capacity", capacity)):
        if len(values) != count:
            raise ValueError(f"{name} has {len(values)} values for {count} vertiports in miles_from_origin")
    if len(alive) != len(committed_location):
        raise ValueError(f"alive has {len(alive)} values for {len(committed_location)} in committed_location")
    for miles in miles_from_origin:
        not_negative(miles, "miles_from_origin")
    for places in capacity:
        not_negative(places, "park_capacity")
    not_negative(battery, "battery")
    known(origin, count, "origin")
    occupied = [0] * count
    for place, flies in zip(committed_location, alive, strict=True):
        if flies:
            occupied[known(place, count, "committed_location")] += 1
    energy = not_negative(kwh_per_mile, "kwh_per_mile"), not_negative(reserve_kwh, "reserve_kwh")
    return reachable(origin, battery, miles_from_origin, route_closed, occupied, capacity, *energy)


def known(vertiport: int, count: int, what: str) -> int:
    """The number of one of `count` vertiports, or a ValueError."""
    if isinstance(vertiport, bool) or not isinstance(vertiport, int) or not 0 <= vertiport < count:
        raise ValueError(f"{what} is the number of a vertiport, 0 to {count - 1}, not {vertiport!r}")
    return vertiport


@dataclass
class Corridors:
    """Directed routes on which two departures are `separation` minutes apart.

    >>> corridors = Corridors(2.0)
    >>> [corridors.depart(ready, delay, 0, 1) for ready, delay in ((0.0, 1.0), (0.5, 0.0), (1.2, -3.0))]
    [1.0, 3.0, 5.0]
    """

    separation: float
    last: dict[tuple[int, int], float] = field(default_factory=dict)

    def depart(self, ready: float, delay: float, origin: int, destination: int) -> float:
        """The minute of take-off of the next aircraft that asks; a negative delay counts as none."""
        route = (origin, destination)
        departure = max(ready + max(delay, 0.0), self.last.get(route, -self.separation) + self.separation)
        self.last[route] = departure
        return departure


def departures(requests: Sequence[tuple[float, float, int, int]], separation_min: float = 2.0) -> list[float]:
    """Minutes of take-off of (ready, delay, origin, destination), served in the order given.

    Raises:
        ValueError: a number is not finite, a separation or a vertiport's number is negative.
    """
    corridors = Corridors(not_negative(separation_min, "separation_min"))
    for ready, delay, origin, destination in requests:
        finite(ready, "ready")
        finite(delay, "delay")
        not_negative(origin, "origin")
        not_negative(destination, "dest")
    return [corridors.depart(*request) for request in requests]
