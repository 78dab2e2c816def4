"""C-MORL, "Efficient Discovery of Pareto Front for Multi-Objective Reinforcement Learning" (arXiv 2410.02236).

Several rewards pull a policy in different directions: what is wanted is a *set* of policies that covers the front.
Stage 1 trains a few, each on one weighting. Stage 2 takes those in the emptiest parts of the front and raises one
objective at a time, while the others must stay near what they were. Every policy met on the way that nobody dominates
is kept, and a preference is served by the best of them.

Where to read: `pareto`, `hypervolume` and `metrics` are about fronts; `selection` keeps one; `stage_one` and `barrier`
are the two stages, and `extension` the loop of the second. For language models `trainer` trains one policy of the
front on TRL, and `adapters` all of them; `front` is what comes of it.
"""

from .adapters import AdapterFront, FrontSearch, discover_front
from .barrier import (
    BETA,
    SLACK_FLOOR,
    BarrierWeights,
    IPOLoss,
    T,
    WeighedRewards,
    barrier_reward_weights,
    barrier_weights,
    ipo_loss,
    thresholds,
)
from .extension import Child, Snapshot, extend_front, keeps_others
from .front import Front, FrontPolicy
from .hypervolume import hypervolume
from .metrics import assign_policy, evaluation_weights, expected_utility, initial_weights, simplex_grid, sparsity
from .pareto import crowding_distance, pareto_indices
from .points import Points
from .selection import ParetoBuffer, Round, select_by_crowding
from .stage_one import ScalarisedGAE, scalarised_gae, standardised
from .trainer import CMORLConfig, CMORLTrainer, ObjectiveValues

__all__ = [
    "BETA",
    "SLACK_FLOOR",
    "AdapterFront",
    "BarrierWeights",
    "CMORLConfig",
    "CMORLTrainer",
    "Child",
    "Front",
    "FrontPolicy",
    "FrontSearch",
    "IPOLoss",
    "ObjectiveValues",
    "ParetoBuffer",
    "Points",
    "Round",
    "ScalarisedGAE",
    "Snapshot",
    "T",
    "WeighedRewards",
    "assign_policy",
    "barrier_reward_weights",
    "barrier_weights",
    "crowding_distance",
    "discover_front",
    "evaluation_weights",
    "expected_utility",
    "extend_front",
    "hypervolume",
    "initial_weights",
    "ipo_loss",
    "keeps_others",
    "pareto_indices",
    "scalarised_gae",
    "select_by_crowding",
    "simplex_grid",
    "sparsity",
    "standardised",
    "thresholds",
]
