"""A fleet of air taxis: a simulator in plain Python, dispatchers for it, and a judge of schedules."""

from .day import Aircraft, Decision, FleetDay
from .dispatchers import Dispatcher, GreedyDispatcher, RandomDispatcher, operate
from .economics import Carried, Fare, Stop, fare, flight_profit, stay
from .rules import Corridors, action_mask, departures
from .scenario import Scenario
from .world import FleetWorld

__all__ = [
    "Aircraft",
    "Carried",
    "Corridors",
    "Decision",
    "Dispatcher",
    "Fare",
    "FleetDay",
    "FleetWorld",
    "GreedyDispatcher",
    "RandomDispatcher",
    "Scenario",
    "Stop",
    "action_mask",
    "departures",
    "fare",
    "flight_profit",
    "operate",
    "stay",
]
