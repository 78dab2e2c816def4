"""Rewards: verdicts in, one number out. Written as an expression over judges, called by any TRL trainer."""

from .arithmetic import Product, Sum
from .choice import Cascade, Route
from .explanation import Explanation
from .gate import Gate
from .leaf import Function, Part
from .logic import All, Not, Some
from .reward import Reward, as_reward
from .standardize import Standardized
from .state import RunningMoments, State
from .transform import Clip, Cosine, Linear, Scale, Schedule
from .verdict import RewardVerdict

__all__ = [
    "All",
    "Cascade",
    "Clip",
    "Cosine",
    "Explanation",
    "Function",
    "Gate",
    "Linear",
    "Not",
    "Part",
    "Product",
    "Reward",
    "RewardVerdict",
    "Route",
    "RunningMoments",
    "Scale",
    "Schedule",
    "Some",
    "Standardized",
    "State",
    "Sum",
    "as_reward",
]
