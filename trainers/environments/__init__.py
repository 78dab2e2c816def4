"""Multi-turn generation: text environments and tools, and the turns that a model takes with them on chains."""

from .environment import Environment, Reply
from .play import Exchange, play, turn
from .tools import PythonTool, Tool, Tools, calculator

__all__ = ["Environment", "Exchange", "PythonTool", "Reply", "Tool", "Tools", "calculator", "play", "turn"]
