"""Control: one small PPO for vector environments, with critics of several objectives, that papers build on.

Where to read: `ppo` is the learner, `policy` what it asks of a network, `mlp` the usual one; `rollout` makes the
`steps` that everything works on; `environments` sees every vector environment in one way.
Beside it: `judged` pays rewards of this project, `watching` shows a run, `checkpoint` keeps it, `replay` is for
learners that are off-policy.
"""

from .config import Phase, PPOConfig
from .environments import Environments, SameStepVectorEnv, Transition
from .evaluate import evaluate
from .judged import JudgedEpisodes, Trace
from .mlp import MLPActorCritic, flat, mlp
from .normaliser import RunningNorm
from .policy import ActorCritic, Distribution
from .ppo import PPO, Callback
from .rollout import MaskFn, Rollout
from .steps import Batch, Episode, Minibatch, Steps
from .watching import ProgressBar, TensorBoard

__all__ = [
    "PPO",
    "ActorCritic",
    "Batch",
    "Callback",
    "Distribution",
    "Environments",
    "Episode",
    "JudgedEpisodes",
    "MLPActorCritic",
    "MaskFn",
    "Minibatch",
    "PPOConfig",
    "Phase",
    "ProgressBar",
    "Rollout",
    "RunningNorm",
    "SameStepVectorEnv",
    "Steps",
    "TensorBoard",
    "Trace",
    "Transition",
    "evaluate",
    "flat",
    "mlp",
]
