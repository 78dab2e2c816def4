"""Judges of what an agent did: temporal logic over the events or the signals of a trajectory."""

from .conversation_events import conversation_events
from .stl import STLJudge

__all__ = ["STLJudge", "conversation_events"]
