"""TGPO, "Temporal Grounded Policy Optimization for Signal Temporal Logic Tasks", arXiv 2510.00225.

A formula of Signal Temporal Logic is known only at the end of a trajectory. TGPO rewrites it as subgoals with times
and invariants (`grounding`), gives a policy that is told the times a dense reward for the present subgoal (`stages`),
and lets the critic choose the times: by Metropolis-Hastings in training (`metropolis`), as the best of many afterwards.
"""

from .environment import GroundedEnv
from .grounded import Grounded, best_grounding, grounded_robustness
from .grounding import Alternative, Invariant, Reach, Time, TimeVariable, ground
from .metropolis import Chain, mh_accept, mh_chain, mh_probability
from .smooth import smooth_robustness
from .stages import Stages, StageWeights, stage_rewards
from .times import Allocation, Metropolis
from .trainer import TGPO, Episodes, TGPOConfig

__all__ = [
    "TGPO",
    "Allocation",
    "Alternative",
    "Chain",
    "Episodes",
    "Grounded",
    "GroundedEnv",
    "Invariant",
    "Metropolis",
    "Reach",
    "StageWeights",
    "Stages",
    "TGPOConfig",
    "Time",
    "TimeVariable",
    "best_grounding",
    "ground",
    "grounded_robustness",
    "mh_accept",
    "mh_chain",
    "mh_probability",
    "smooth_robustness",
    "stage_rewards",
]
