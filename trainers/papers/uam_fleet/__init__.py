"""CapTAIN: fleet scheduling for urban air mobility with graph capsules and masked PPO, arXiv 2401.04851.

`jurybox.judges.fleet` is the simulator. Where to read: `capsule` and `decoder` are the network's two new parts, `loss`
is PPO's under a mask, `genetic` the baseline that knows the day. `environment`, `observation`, `policy` and `training`
are the learner; they need the extra `control` and are imported from there.
"""

from .capsule import Capsules, GraphCapsule, adjacency, graph_capsule_layer, laplacian
from .decoder import Decoded, mha_decoder
from .genetic import GeneticConfig, GeneticDispatcher
from .loss import MaskedLoss, masked_ppo_loss

__all__ = [
    "Capsules",
    "Decoded",
    "GeneticConfig",
    "GeneticDispatcher",
    "GraphCapsule",
    "MaskedLoss",
    "adjacency",
    "graph_capsule_layer",
    "laplacian",
    "masked_ppo_loss",
    "mha_decoder",
]
