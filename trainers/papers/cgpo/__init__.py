r"""CGPO, "The Perfect Blend: Redefining RLHF with Mixture of Judges" (arXiv 2409.20370).

A learned reward model can be hacked; a mixture of judges says what may not be given up for it:

    max E[r(s, a)]   subject to   y(s, a) = ⋀ₕ Jₕ(s, a) = 1   and   KL(π ‖ π_ref) <= KL_max

Three optimizers use the label y of an answer, and no Lagrange multiplier: `crpg` (policy gradient), `codpo` (pairs)
and `crraft` (imitation). Tasks are strata, each with its own judges, reward model, optimizer, K, KL_max and weight ρ.

Where to read: the equations are in `losses`; `optimizers` takes their derivatives on the answers of a stratum, which
`labelled` and `baseline` have judged; `objective` hands the derivatives to the rows; `stratum` and `trainer` are what
one writes.
"""

from .losses import (
    calibrated_reward,
    codpo_loss,
    codpo_select,
    crpg,
    crpg_loss,
    crraft_loss,
    crraft_select,
    multi_task_loss,
    sequence_logps,
)
from .objective import CGPO
from .stratum import Stratum
from .trainer import (
    CGPOConfig,
    CGPOTrainer,
    CODPOConfig,
    CODPOTrainer,
    CRPGConfig,
    CRPGTrainer,
    CRRAFTConfig,
    CRRAFTTrainer,
)

__all__ = [
    "CGPO",
    "CGPOConfig",
    "CGPOTrainer",
    "CODPOConfig",
    "CODPOTrainer",
    "CRPGConfig",
    "CRPGTrainer",
    "CRRAFTConfig",
    "CRRAFTTrainer",
    "Stratum",
    "calibrated_reward",
    "codpo_loss",
    "codpo_select",
    "crpg",
    "crpg_loss",
    "crraft_loss",
    "crraft_select",
    "multi_task_loss",
    "sequence_logps",
]
