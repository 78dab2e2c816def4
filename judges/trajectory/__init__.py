"""Judges of what an agent did: temporal logic over events or signals, and calls of tools."""

from .conversation_events import conversation_events
from .stl import STLJudge
from .tool_calls import ToolCallJudge

__all__ = ["STLJudge", "ToolCallJudge", "conversation_events"]
