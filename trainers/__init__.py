"""From a number to a gradient: the objectives of papers on top of TRL's trainers."""

from .curriculum import Curriculum
from .grpo import GRPO
from .papers.cgpo import (
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
from .papers.disco import DisCO, DisCOConfig, DisCOTrainer
from .papers.dpo import DPO, DPOConfig, DPOTrainer
from .papers.dr_rpo import DRRPO, DRRPOConfig, DRRPOTrainer
from .papers.f_dpo import FDPO, FDPOConfig, FDPOTrainer
from .papers.hapo import HAPOConfig, HAPOTrainer
from .papers.implicit_reward import FSFT, FSFTConfig, FSFTTrainer, ImplicitReward
from .papers.mdpo import MDPOConfig, MDPOTrainer
from .papers.ngrpo import NGRPO, NGRPOConfig, NGRPOTrainer
from .papers.pairwise_rl import (
    PairwiseGRPOConfig,
    PairwiseGRPOTrainer,
    PairwisePPO,
    PairwisePPOConfig,
    PairwisePPOTrainer,
    PairwiseRMConfig,
    PairwiseRMTrainer,
)
from .papers.rl_struct import RLStructConfig, RLStructTrainer, rl_struct_lora
from .papers.rso import RSOConfig, RSOTrainer
from .papers.vulpo import VULPO, VULPOConfig, VULPOTrainer
from .seam import Batch, Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout

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
    "Chain",
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
