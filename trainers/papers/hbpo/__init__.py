"""HBPO: an equal share of every group announces one of several token budgets, and is rewarded for keeping it.

Long reasoning survives, because long answers earn more under a large budget; easy questions get short ones.

"Hierarchical Budget Policy Optimization for Adaptive Reasoning", arXiv 2507.15844.
"""

from .budgets import BudgetAdvantages, budget_advantages, budget_of, budget_reward, ceiling
from .trainer import HBPO, HBPOConfig, HBPOTrainer

__all__ = [
    "HBPO",
    "BudgetAdvantages",
    "HBPOConfig",
    "HBPOTrainer",
    "budget_advantages",
    "budget_of",
    "budget_reward",
    "ceiling",
]
