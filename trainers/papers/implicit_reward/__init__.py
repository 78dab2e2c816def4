"""f-SFT: supervised fine-tuning seen as matching demonstrations under a divergence, with an implicit reward.

    max_{θ,V}  E_μ[ φ(z + V) − V ],     z = β (log π_θ − log π_ref)

μ are the demonstrations, φ belongs to the divergence between π and μ, and β KL(π ‖ π_ref) keeps π near its start. Under
total variation φ(r) = r: V and π_ref drop out, and what is left is plain SFT, which nothing ties to its start. Two
remedies follow: a smaller learning rate, or another divergence.

"Implicit Reward as the Bridge: A Unified View of SFT and DPO Connections", arXiv 2507.00018. The body of the paper was
not available when this was written; the equations are derived from what its abstract claims and checked against the
problem they come from (`matching.py`). V fixed at 0 is the default. A V of its own for every prompt would make
φ'(z + V) = 1, which is plain SFT under every divergence, so there is none.
"""

from .divergences import Divergence, phi_of
from .judge import ImplicitReward
from .loss import FSFTLoss, f_sft_loss_sequence, f_sft_loss_token
from .matching import InnerProblem, Matching, f_matching_optimum, kl_regularised_inner_problem
from .trainer import FSFT, FSFTConfig, FSFTTrainer
from .values import TokenValues, token_q_v_reward

__all__ = [
    "FSFT",
    "Divergence",
    "FSFTConfig",
    "FSFTLoss",
    "FSFTTrainer",
    "ImplicitReward",
    "InnerProblem",
    "Matching",
    "TokenValues",
    "f_matching_optimum",
    "f_sft_loss_sequence",
    "f_sft_loss_token",
    "kl_regularised_inner_problem",
    "phi_of",
    "token_q_v_reward",
]
