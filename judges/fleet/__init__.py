"""A fleet of air taxis: a simulator in plain Python, dispatchers for it, and a judge of schedules."""

from .day import Aircraft, Decision, FleetDay
from .dispatchers import Dispatcher, GreedyDispatcher, RandomDispatcher, operate
from .economics import Carried, Fare, Stop, fare, flight_profit, stay
from .judge import ScheduleJudge
from .prompt import describe, schedule_rows
from .rules import Corridors, action_mask, departures
from .scenario import Scenario
from .schedule import BadSchedule, ScheduleDispatcher, orders_of, schedule_of
from .world import FleetWorld

__all__ = [
    "Aircraft",
    "BadSchedule",
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
    "ScheduleDispatcher",
    "ScheduleJudge",
    "Stop",
    "action_mask",
    "departures",
    "describe",
    "fare",
    "flight_profit",
    "operate",
    "orders_of",
    "schedule_of",
    "schedule_rows",
    "stay",
]
