"""AEPO: agents with tools explore where a tool's result has made them unsure, and learn from what they find.

Rollouts branch at tool results, the budget split by two entropies and no chain allowed to take it all; the clip keeps a
gradient for the tokens that leave it upwards; unsure tokens have larger advantages.

"Agentic Entropy-Balanced Policy Optimization", arXiv 2510.14545.
"""

from .branching import BranchRule, Budget, consecutive_counter, global_budget, step_entropy
from .drawing import Exploration, ToolBox, draw
from .loss import (
    aepo_policy_loss,
    balanced_surrogate,
    entropy_advantages,
    entropy_moments,
    group_advantage,
)
from .trainer import AEPO, AEPOConfig, AEPOTrainer

__all__ = [
    "AEPO",
    "AEPOConfig",
    "AEPOTrainer",
    "BranchRule",
    "Budget",
    "Exploration",
    "ToolBox",
    "aepo_policy_loss",
    "balanced_surrogate",
    "consecutive_counter",
    "draw",
    "entropy_advantages",
    "entropy_moments",
    "global_budget",
    "group_advantage",
    "step_entropy",
]
