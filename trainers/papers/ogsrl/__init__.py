"""OGSRL, offline guarded safe reinforcement learning (arXiv 2505.16242): better than the records, and no further.

A policy is optimised in a model that was fitted on recorded decisions. What the model says far from the records is
invented, and a policy that is optimised in it goes there. So a guardian marks what the records support, and leaving it
is a cost under a limit, beside the cost that safety counts.

    max J_r(π)   subject to   J_c(π) <= d_c,   J_o(π) <= d_o,   o_t = 1[(s_t, a_t) outside Ω]

Where to read: `jurybox.judges.guardian` is Ω; `neighbour` is the model of the patient; `guard` is the guarded
rollout; `lagrangian` is the primal-dual form and `cpo_step` the other one. For language models Ω is the judge
`DensityGuardian`, and limits on costs are the reward `Constrained`.
"""

from ....judges.guardian import Ellipsoid, Kernel, MinMax
from .cpo_step import CPOStep, conjugate_gradients, cpo_step, cpo_step_by_products
from .guard import GuardedEpisode, guarded_rollout, sepsis_safety_cost
from .lagrangian import dual_ascent, lagrangian_advantage, lagrangian_ppo_loss
from .neighbour import NearestNeighbour, Transition

__all__ = [
    "CPOStep",
    "Ellipsoid",
    "GuardedEpisode",
    "Kernel",
    "MinMax",
    "NearestNeighbour",
    "Transition",
    "conjugate_gradients",
    "cpo_step",
    "cpo_step_by_products",
    "dual_ascent",
    "guarded_rollout",
    "lagrangian_advantage",
    "lagrangian_ppo_loss",
    "sepsis_safety_cost",
]
