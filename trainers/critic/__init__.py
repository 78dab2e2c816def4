"""A critic beside the policy: its model, its loss, and the trainer that keeps it. For objectives with token values."""

from .model import Contexts, Critic, backbone_of
from .objective import CriticObjective
from .trainer import CriticConfig, CriticTrainer
from .value_loss import clipped_value_loss, explained_variance

__all__ = [
    "Contexts",
    "Critic",
    "CriticConfig",
    "CriticObjective",
    "CriticTrainer",
    "backbone_of",
    "clipped_value_loss",
    "explained_variance",
]
