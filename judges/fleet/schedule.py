"""Schedules as data: for each aircraft the vertiports that it goes to, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import JuryboxError
from .day import FleetDay
from .dispatchers import Dispatcher
from .world import FleetWorld

Orders = Mapping[int, Sequence[int]]


class BadSchedule(JuryboxError, ValueError):  # noqa: N818 - what the data is
    """Data that is no schedule. `reason` is one of the phrases that `ScheduleJudge` lists."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def orders_of(value: Any, world: FleetWorld) -> dict[int, list[int]]:
    """Read a JSON value as orders by aircraft.

    >>> orders_of({"0": [1, 0], "2": []}, FleetWorld.mini())
    {0: [1, 0], 2: []}

    Raises:
        BadSchedule: it is not an object of lists, or names an aircraft or a vertiport that is not there.
    """
    if not isinstance(value, dict):
        raise BadSchedule("not a schedule", "it is no object from aircraft to lists of vertiports")
    aircraft = {str(k): k for k in range(world.aircraft)}
    orders = {}
    for name, places in value.items():
        if name not in aircraft:
            raise BadSchedule("unknown aircraft", f"{name!r:.40} is none of 0 to {world.aircraft - 1}")
        if not isinstance(places, list):
            raise BadSchedule("not a schedule", f"aircraft {name} has no list of vertiports")
        orders[aircraft[name]] = [_vertiport(place, world.vertiports) for place in places]
    return orders


def _vertiport(place: Any, count: int) -> int:
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < count:
        raise BadSchedule("unknown vertiport", f"{place!r:.40} is none of 0 to {count - 1}")
    return place


def schedule_of(day: FleetDay) -> dict[str, list[int]]:
    """What the aircraft did on a day, as a schedule that can be written as JSON."""
    places: dict[str, list[int]] = {str(k): [] for k in range(day.world.aircraft)}
    for decision in day.decisions:
        places[str(decision.aircraft)].append(decision.destination)
    return places


class ScheduleDispatcher(Dispatcher):
    """Follows orders. One that is not allowed when its turn comes is counted, and the aircraft stays instead.

    Attributes:
        infeasible: orders that were not allowed. followed: by aircraft, orders whose turn came.

    An aircraft whose orders have come to an end stays.
    """

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.infeasible = 0
        self.followed: dict[int, int] = {}

    def begin(self, day: FleetDay) -> None:
        """Go back to the first orders."""
        self.infeasible = 0
        self.followed = dict.fromkeys(self.orders, 0)

    def choose(self, day: FleetDay) -> int:
        """The next order, or the aircraft's own place."""
        k, place = day.deciding, day.aircraft.place
        assert k is not None
        done = self.followed.get(k, 0)
        if done >= len(self.orders.get(k, ())):
            return place
        self.followed[k] = done + 1
        order = self.orders[k][done]
        if day.mask()[order]:
            return order
        self.infeasible += 1
        return place
