"""Scaf-GRPO: hints for what a group fails at, as little as helps, and on-policy.

Where all N answers to a prompt are wrong, GRPO learns nothing. The same policy is then asked again with a hint in the
prompt, climbing from abstract to concrete; the first right answer replaces a wrong one, under its hinted prompt.

"Scaf-GRPO: Scaffolded Group Relative Policy Optimization for Enhancing LLM Reasoning", arXiv 2510.19807.
"""

from .groups import GroupUpdate, group_update
from .hints import with_hints
from .ladder import Rung, cliffs, exempt_steps, hint_schedule, select
from .problems import data_filter, without_easy_problems
from .trainer import ScafGRPO, ScafGRPOConfig, ScafGRPOTrainer

__all__ = [
    "GroupUpdate",
    "Rung",
    "ScafGRPO",
    "ScafGRPOConfig",
    "ScafGRPOTrainer",
    "cliffs",
    "data_filter",
    "exempt_steps",
    "group_update",
    "hint_schedule",
    "select",
    "with_hints",
    "without_easy_problems",
]
