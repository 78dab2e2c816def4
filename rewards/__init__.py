"""Rewards: verdicts in, one number out. Written as an expression over judges, called by any TRL trainer."""

from . import algebra  # noqa: F401 - fills the table of operators
from .arithmetic import Product, Sum
from .constrained.multipliers import Multipliers
from .constrained.reward import Constrained
from .explanation import Explanation
from .gate import Gate
from .hapo.length_history import LengthHistory
from .hapo.length_reward import length_reward, repetition_penalty
from .hapo.reward import HAPO
from .leaf import Function, Part, as_reward
from .logic import All, Not, Some
from .pairwise import AnchorWinReward, pairwise_reward
from .preferences import ModelGenerator, preferences
from .remote import Remote
from .reward import Reward
from .reward_model import RewardModel, calibrate
from .routing import Cascade, Route
from .self_reference.reward import SelfReference
from .separate import separate
from .standardize import Standardized
from .state import RunningMoments, State
from .structured import structured_reward
from .transform import Clip, Cosine, Linear, Scale, Schedule
from .verdict import RewardVerdict
from .vulnerability import vulnerability_reward
from .worst_case import Robust, robust

RewardModelJudge = RewardModel  # what users of judge libraries look for

__all__ = [
    "HAPO",
    "All",
    "AnchorWinReward",
    "Cascade",
    "Clip",
    "Constrained",
    "Cosine",
    "Explanation",
    "Function",
    "Gate",
    "LengthHistory",
    "Linear",
    "ModelGenerator",
    "Multipliers",
    "Not",
    "Part",
    "Product",
    "Remote",
    "Reward",
    "RewardModel",
    "RewardModelJudge",
    "RewardVerdict",
    "Robust",
    "Route",
    "RunningMoments",
    "Scale",
    "Schedule",
    "SelfReference",
    "Some",
    "Standardized",
    "State",
    "Sum",
    "as_reward",
    "calibrate",
    "length_reward",
    "pairwise_reward",
    "preferences",
    "repetition_penalty",
    "robust",
    "separate",
    "structured_reward",
    "vulnerability_reward",
]
