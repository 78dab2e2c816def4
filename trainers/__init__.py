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
from .curriculum import Curriculum
from .disco import DisCO, DisCOConfig, DisCOTrainer
from .dpo import DPO, DPOConfig, DPOTrainer
from .dr_rpo import DRRPO, DRRPOConfig, DRRPOTrainer
from .f_dpo import FDPO, FDPOConfig, FDPOTrainer
from .grpo import GRPO
from .hapo import HAPOConfig, HAPOTrainer
from .implicit_reward import FSFT, FSFTConfig, FSFTTrainer, ImplicitReward
from .mdpo import MDPOConfig, MDPOTrainer
from .ngrpo import NGRPO, NGRPOConfig, NGRPOTrainer
from .pairwise import (
    PairwiseGRPOConfig,
    PairwiseGRPOTrainer,
    PairwisePPO,
    PairwisePPOConfig,
    PairwisePPOTrainer,
    PairwiseRMConfig,
    PairwiseRMTrainer,
)
from .rl_struct import RLStructConfig, RLStructTrainer, rl_struct_lora
from .rso import RSOConfig, RSOTrainer
from .seam import Batch, Generation, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from .vulpo import VULPO, VULPOConfig, VULPOTrainer

__all__ = [
    "DPO",
    "DRRPO",
    "FDPO",
    "FSFT",
    "GRPO",
    "NGRPO",
    "VULPO",
    "Batch",
    "CGPOConfig",
    "CGPOTrainer",
    "CODPOConfig",
    "CODPOTrainer",
    "CRPGConfig",
    "CRPGTrainer",
    "CRRAFTConfig",
    "CRRAFTTrainer",
    "Curriculum",
    "DPOConfig",
    "DPOTrainer",
    "DRRPOConfig",
    "DRRPOTrainer",
    "DisCO",
    "DisCOConfig",
    "DisCOTrainer",
    "FDPOConfig",
    "FDPOTrainer",
    "FSFTConfig",
    "FSFTTrainer",
    "Generation",
    "HAPOConfig",
    "HAPOTrainer",
    "ImplicitReward",
    "MDPOConfig",
    "MDPOTrainer",
    "NGRPOConfig",
    "NGRPOTrainer",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "PairwiseGRPOConfig",
    "PairwiseGRPOTrainer",
    "PairwisePPO",
    "PairwisePPOConfig",
    "PairwisePPOTrainer",
    "PairwiseRMConfig",
    "PairwiseRMTrainer",
    "Policy",
    "RLStructConfig",
    "RLStructTrainer",
    "RSOConfig",
    "RSOTrainer",
    "Rollout",
    "Stratum",
    "VULPOConfig",
    "VULPOTrainer",
    "rl_struct_lora",
]
