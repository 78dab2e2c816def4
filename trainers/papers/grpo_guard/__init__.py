"""GRPO-Guard, and Flow-GRPO that it mends. The equations are in `losses.py`."""

from .losses import flow_grpo_loss, guard_loss
from .trainer import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer

__all__ = [
    "FlowGRPOConfig",
    "FlowGRPOTrainer",
    "GRPOGuardConfig",
    "GRPOGuardTrainer",
    "flow_grpo_loss",
    "guard_loss",
]
