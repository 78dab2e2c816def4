"""Control: one small PPO for vector environments, with critics of several objectives, that papers build on.

Where to read: `ppo` is the learner, `policy` what it asks of a network, `mlp` the usual one; `rollout` makes the
`steps` that everything works on; `environments` sees every vector environment in one way.
"""

from .config import Phase, PPOConfig
from .environments import Environments, SameStepVectorEnv, Transition
from .evaluate import evaluate
from .mlp import MLPActorCritic, flat, mlp
from .normaliser import RunningNorm
from .policy import ActorCritic, Distribution
from .ppo import PPO, Callback
from .rollout import MaskFn, Rollout
from .steps import Batch, Episode, Minibatch, Steps

__all__ = [
    "PPO",
    "ActorCritic",
    "Batch",
    "Callback",
    "Distribution",
    "Environments",
    "Episode",
    "MLPActorCritic",
    "MaskFn",
    "Minibatch",
    "PPOConfig",
    "Phase",
    "Rollout",
    "RunningNorm",
    "SameStepVectorEnv",
    "Steps",
    "Transition",
    "evaluate",
    "flat",
    "mlp",
]
