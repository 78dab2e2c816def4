"""How the learner learns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ...judges.options import one_of
from ..objectives import require_within

AdvantageNorm = Literal["minibatch", "batch", "none"]


@dataclass(frozen=True)
class Phase:
    """Passes over a batch with an optimiser.

    minibatch: rows a step; None for all at once.
    """

    epochs: int = 10
    minibatch: int | None = 64
    lr: float = 3e-4
    max_grad_norm: float = 0.5
    adam_eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.epochs < 1 or (self.minibatch is not None and self.minibatch < 1):
            raise ValueError(f"epochs and minibatch must be at least 1, not {self.epochs} and {self.minibatch}")
        require_within(0.0, math.inf, lr=self.lr, max_grad_norm=self.max_grad_norm, adam_eps=self.adam_eps)


@dataclass(frozen=True)
class PPOConfig:
    """The defaults of PPO as it is commonly run.

    n_steps: of every environment, between updates.
    policy: passes for the policy; without `critic` the critics learn in the same steps, from one sum of losses.
    critic: passes for the critics apart, after the policy's, with an optimiser of their own.
    clip: of the ratio. value_clip: of the critics' change, in their unit; None for none.
    value_coef: of the critics' loss in the sum. entropy_coef: of the entropy, which is wanted.
    advantage_norm: mean 0 and std 1 over the "minibatch", the "batch", or "none".
    reward_norm: the critics' unit is the running std of discounted returns, of each objective.
    anneal: learning rates go down to 0 along a straight line.

    Raises:
        ValueError: a number out of its range, a word that is not one of those.
    """

    n_steps: int = 2048
    gamma: float = 0.99
    lam: float = 0.95
    policy: Phase = Phase()
    critic: Phase | None = None
    clip: float = 0.2
    value_clip: float | None = None
    value_coef: float = 0.5
    entropy_coef: float = 0.0
    advantage_norm: AdvantageNorm = "minibatch"
    reward_norm: bool = False
    anneal: bool = False

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1, not {self.n_steps}")
        require_within(0.0, 1.0, gamma=self.gamma, lam=self.lam)
        require_within(0.0, math.inf, clip=self.clip, value_coef=self.value_coef)
        one_of("advantage_norm", self.advantage_norm, get_args(AdvantageNorm))
