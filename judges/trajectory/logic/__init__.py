"""Signal Temporal Logic: formulas as text, as JSON and as objects, and what a trace is worth to one."""

from .data import from_data, to_data
from .formula import Always, And, Eventually, Formula, Implies, Not, Or, Predicate, Truth, Until, horizon
from .parser import parse
from .robustness import robustness, satisfied

__all__ = [
    "Always",
    "And",
    "Eventually",
    "Formula",
    "Implies",
    "Not",
    "Or",
    "Predicate",
    "Truth",
    "Until",
    "from_data",
    "horizon",
    "parse",
    "robustness",
    "satisfied",
    "to_data",
]
