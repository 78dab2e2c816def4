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
from .ngrpo import NGRPO, NGRPOConfig, NGRPOTrainer
from .seam import Batch, Generation, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout

__all__ = [
    "GRPO",
    "NGRPO",
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
    "NGRPOConfig",
    "NGRPOTrainer",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "Policy",
    "Rollout",
    "Stratum",
]
