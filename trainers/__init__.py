"""From a number to a gradient: the objectives of papers on top of TRL's trainers."""

from .cgpo import (
    CGPOConfig,
    CGPOTrainer,
    CODPOConfig,
    CODPOTrainer,
    CRPGConfig,
    CRPGTrainer,
    CRRAFTConfig,
    CRRAFTTrainer,
    Stratum,
)
from .grpo import GRPO
from .mdpo import MDPOConfig, MDPOTrainer
from .seam import Batch, Generation, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout

__all__ = [
    "GRPO",
    "Batch",
    "CGPOConfig",
    "CGPOTrainer",
    "CODPOConfig",
    "CODPOTrainer",
    "CRPGConfig",
    "CRPGTrainer",
    "CRRAFTConfig",
    "CRRAFTTrainer",
    "Generation",
    "MDPOConfig",
    "MDPOTrainer",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "Policy",
    "Rollout",
    "Stratum",
]
