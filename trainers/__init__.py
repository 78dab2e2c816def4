"""From a number to a gradient: the objectives of papers on top of TRL's trainers."""

from .grpo import GRPO
from .seam import Batch, Generation, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout

__all__ = [
    "GRPO",
    "Batch",
    "Generation",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "Policy",
    "Rollout",
]
