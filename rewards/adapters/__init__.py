"""A reward as other frameworks call one: verl, ms-swift, verifiers, inspect_ai. None of them is imported before use.

OpenRLHF and NeMo-Gym ask over HTTP: see `jurybox serve`.
"""

from .inspect_ai import inspect_scorer
from .swift import swift_orm
from .verifiers import rubric_function, trace_function
from .verl import verl_score

__all__ = ["inspect_scorer", "rubric_function", "swift_orm", "trace_function", "verl_score"]
