"""Flow-matching models as policies: SDE steps with log-probabilities, and a loop that draws, judges and learns.

The equations need torch alone, the loop accelerate; diffusers is needed by who brings one of its models.
"""

from .advantages import group_advantage
from .config import DiffusionConfig
from .sd3 import SD3Velocity, sd3_lora
from .sde import SDEStep, Transition, flow_matching_sigmas, sde_step, transition
from .step_loss import StepLoss
from .trainer import DiffusionTrainer
from .velocity import Velocity

__all__ = [
    "DiffusionConfig",
    "DiffusionTrainer",
    "SD3Velocity",
    "SDEStep",
    "StepLoss",
    "Transition",
    "Velocity",
    "flow_matching_sigmas",
    "group_advantage",
    "sd3_lora",
    "sde_step",
    "transition",
]
