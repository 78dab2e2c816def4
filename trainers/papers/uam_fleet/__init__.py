"""CapTAIN: fleet scheduling for urban air mobility with graph capsules and masked PPO, arXiv 2401.04851.

`jurybox.judges.fleet` is the simulator; here are the policy that dispatches its aircraft and how it learns.
"""

from .capsule import Capsules, GraphCapsule, adjacency, graph_capsule_layer, laplacian
from .decoder import Decoded, mha_decoder
from .environment import FleetEnv
from .genetic import GeneticConfig, GeneticDispatcher
from .loss import MaskedLoss, masked_ppo_loss
from .observation import Observer
from .policy import CapTAIN, PolicyDispatcher
from .training import CONFIG, DECISIONS, captain_ppo

__all__ = [
    "CONFIG",
    "DECISIONS",
    "CapTAIN",
    "Capsules",
    "Decoded",
    "FleetEnv",
    "GeneticConfig",
    "GeneticDispatcher",
    "GraphCapsule",
    "MaskedLoss",
    "Observer",
    "PolicyDispatcher",
    "adjacency",
    "captain_ppo",
    "graph_capsule_layer",
    "laplacian",
    "masked_ppo_loss",
    "mha_decoder",
]
