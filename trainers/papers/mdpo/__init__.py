"""MDPO, mirror descent policy optimisation (arXiv 2005.09814): several plain gradient steps, held by a KL.

Every iteration maximises the linearised return minus 1/t_k times the KL from the policy that sampled, by m gradient
steps on the whole batch; nothing is clipped. (Not multimodal DPO, which has the same acronym.)

Where to read: `tokens` is the form for language models and `trainer` its trainer; `on_policy` and `off_policy`
are the losses for control tasks, `control` and `off_policy_control` their learners, which need the extra `control`
and are imported from there; `mirror` is the exact step that all of them approximate.
"""

from ...objectives import GAE, gae
from .mirror import mirror_descent_exact_steps
from .off_policy import OffPolicyLosses, half_mean_square, mdpo_off_policy_losses, tsallis_log
from .on_policy import (
    OnPolicyLoss,
    mdpo_on_policy_loss,
    mdpo_on_policy_loss_categorical,
    mdpo_on_policy_loss_diag_gaussian,
)
from .step_size import mdpo_step_size_schedule, official_step_size_schedule, step_size
from .tokens import AggregatedLoss, TokenLoss, mdpo_token_loss_full_kl, mdpo_token_loss_sampled_kl, sampled_kl
from .trainer import MDPO, MDPOConfig, MDPOTrainer

__all__ = [
    "GAE",
    "MDPO",
    "AggregatedLoss",
    "MDPOConfig",
    "MDPOTrainer",
    "OffPolicyLosses",
    "OnPolicyLoss",
    "TokenLoss",
    "gae",
    "half_mean_square",
    "mdpo_off_policy_losses",
    "mdpo_on_policy_loss",
    "mdpo_on_policy_loss_categorical",
    "mdpo_on_policy_loss_diag_gaussian",
    "mdpo_step_size_schedule",
    "mdpo_token_loss_full_kl",
    "mdpo_token_loss_sampled_kl",
    "mirror_descent_exact_steps",
    "official_step_size_schedule",
    "sampled_kl",
    "step_size",
    "tsallis_log",
]
