"""From a number to a gradient: the objectives of papers on top of TRL's trainers.

Every name is imported when it is first used, so that an extra that is not installed hurts only who needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .curriculum import Curriculum
    from .diffusion import DiffusionConfig, DiffusionTrainer, SD3Velocity, Velocity, sd3_lora
    from .grpo import GRPO
    from .papers.adaptthink import AdaptThinkConfig, AdaptThinkTrainer, with_ref_accuracy
    from .papers.aepo import AEPO, AEPOConfig, AEPOTrainer
    from .papers.bgpo import BGPO, BGPOConfig, BGPOTrainer
    from .papers.c_morl import CMORLConfig, CMORLTrainer, FrontSearch, discover_front
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
    from .papers.grpo_guard import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer
    from .papers.hapo import HAPOConfig, HAPOTrainer
    from .papers.hbpo import HBPOConfig, HBPOTrainer
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
    from .papers.poad import POAD, POADConfig, POADTrainer
    from .papers.rl_struct import RLStructConfig, RLStructTrainer, rl_struct_lora
    from .papers.rso import RSOConfig, RSOTrainer
    from .papers.scaf_grpo import ScafGRPOConfig, ScafGRPOTrainer, with_hints, without_easy_problems
    from .papers.srpo import SRPO, SRPOConfig, SRPOTrainer
    from .papers.tgpo import TGPO, TGPOConfig
    from .papers.vulpo import VULPO, VULPOConfig, VULPOTrainer
    from .seam import Batch, Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, RewardStateCallback, Rollout
    from .seam.async_rewards import inform_rewards

__all__ = [
    "AEPO",
    "BGPO",
    "DPO",
    "DRRPO",
    "FDPO",
    "FSFT",
    "GRPO",
    "NGRPO",
    "POAD",
    "SRPO",
    "TGPO",
    "VULPO",
    "AEPOConfig",
    "AEPOTrainer",
    "AdaptThinkConfig",
    "AdaptThinkTrainer",
    "BGPOConfig",
    "BGPOTrainer",
    "Batch",
    "CGPOConfig",
    "CGPOTrainer",
    "CMORLConfig",
    "CMORLTrainer",
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
    "DiffusionConfig",
    "DiffusionTrainer",
    "DisCO",
    "DisCOConfig",
    "DisCOTrainer",
    "FDPOConfig",
    "FDPOTrainer",
    "FSFTConfig",
    "FSFTTrainer",
    "FlowGRPOConfig",
    "FlowGRPOTrainer",
    "FrontSearch",
    "GRPOGuardConfig",
    "GRPOGuardTrainer",
    "HAPOConfig",
    "HAPOTrainer",
    "HBPOConfig",
    "HBPOTrainer",
    "ImplicitReward",
    "MDPOConfig",
    "MDPOTrainer",
    "NGRPOConfig",
    "NGRPOTrainer",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "POADConfig",
    "POADTrainer",
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
    "RewardStateCallback",
    "Rollout",
    "SD3Velocity",
    "SRPOConfig",
    "SRPOTrainer",
    "ScafGRPOConfig",
    "ScafGRPOTrainer",
    "Stratum",
    "TGPOConfig",
    "VULPOConfig",
    "VULPOTrainer",
    "Velocity",
    "discover_front",
    "inform_rewards",
    "rl_struct_lora",
    "sd3_lora",
    "with_hints",
    "with_ref_accuracy",
    "without_easy_problems",
]

_NAMES = {
    "curriculum": ("Curriculum",),
    "diffusion": ("DiffusionConfig", "DiffusionTrainer", "SD3Velocity", "Velocity", "sd3_lora"),
    "grpo": ("GRPO",),
    "papers.adaptthink": ("AdaptThinkConfig", "AdaptThinkTrainer", "with_ref_accuracy"),
    "papers.aepo": ("AEPO", "AEPOConfig", "AEPOTrainer"),
    "papers.bgpo": ("BGPO", "BGPOConfig", "BGPOTrainer"),
    "papers.c_morl": ("CMORLConfig", "CMORLTrainer", "FrontSearch", "discover_front"),
    "papers.cgpo": (
        "CGPOConfig",
        "CGPOTrainer",
        "CODPOConfig",
        "CODPOTrainer",
        "CRPGConfig",
        "CRPGTrainer",
        "CRRAFTConfig",
        "CRRAFTTrainer",
        "Stratum",
    ),
    "papers.disco": ("DisCO", "DisCOConfig", "DisCOTrainer"),
    "papers.dpo": ("DPO", "DPOConfig", "DPOTrainer"),
    "papers.dr_rpo": ("DRRPO", "DRRPOConfig", "DRRPOTrainer"),
    "papers.f_dpo": ("FDPO", "FDPOConfig", "FDPOTrainer"),
    "papers.grpo_guard": ("FlowGRPOConfig", "FlowGRPOTrainer", "GRPOGuardConfig", "GRPOGuardTrainer"),
    "papers.hapo": ("HAPOConfig", "HAPOTrainer"),
    "papers.hbpo": ("HBPOConfig", "HBPOTrainer"),
    "papers.implicit_reward": ("FSFT", "FSFTConfig", "FSFTTrainer", "ImplicitReward"),
    "papers.mdpo": ("MDPOConfig", "MDPOTrainer"),
    "papers.ngrpo": ("NGRPO", "NGRPOConfig", "NGRPOTrainer"),
    "papers.pairwise_rl": (
        "PairwiseGRPOConfig",
        "PairwiseGRPOTrainer",
        "PairwisePPO",
        "PairwisePPOConfig",
        "PairwisePPOTrainer",
        "PairwiseRMConfig",
        "PairwiseRMTrainer",
    ),
    "papers.poad": ("POAD", "POADConfig", "POADTrainer"),
    "papers.rl_struct": ("RLStructConfig", "RLStructTrainer", "rl_struct_lora"),
    "papers.rso": ("RSOConfig", "RSOTrainer"),
    "papers.scaf_grpo": ("ScafGRPOConfig", "ScafGRPOTrainer", "with_hints", "without_easy_problems"),
    "papers.srpo": ("SRPO", "SRPOConfig", "SRPOTrainer"),
    "papers.tgpo": ("TGPO", "TGPOConfig"),
    "papers.vulpo": ("VULPO", "VULPOConfig", "VULPOTrainer"),
    "seam": (
        "Batch",
        "Chain",
        "Objective",
        "ObjectiveConfig",
        "ObjectiveTrainer",
        "Policy",
        "RewardStateCallback",
        "Rollout",
    ),
    "seam.async_rewards": ("inform_rewards",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}


if not TYPE_CHECKING:  # to a type checker every misspelt name would be there

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("jurybox"):
                raise
            extra = "control" if error.name == "gymnasium" else "trl"
            raise ModuleNotFoundError(
                f"{__name__}.{name} needs the package {error.name}: pip install 'jurybox[{extra}]'", name=error.name
            ) from error
        globals()[name] = value  # the next time Python finds it by itself
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
