"""DR-RPO, arXiv 2510.14246: the worst case in a divergence ball, kept near a reference policy by a KL term.

The worst case over judges is a reward, `jurybox.rewards.robust`. Here are the worst case over the domains of a data
set, as a trainer, and the paper's own pieces for small Markov decision processes.
"""

from .domains import Domain, DomainWeights, domain_weights
from .linear import LinearBackup, linear_kl_backup, linear_tv_backup
from .planning import RobustPlan, robust_regularised_vi
from .policy import RegularisedPolicy, mirror_policy_step, regularised_policy
from .trainer import DRRPO, DRRPOConfig, DRRPOTrainer

__all__ = [
    "DRRPO",
    "DRRPOConfig",
    "DRRPOTrainer",
    "Domain",
    "DomainWeights",
    "LinearBackup",
    "RegularisedPolicy",
    "RobustPlan",
    "domain_weights",
    "linear_kl_backup",
    "linear_tv_backup",
    "mirror_policy_step",
    "regularised_policy",
    "robust_regularised_vi",
]
