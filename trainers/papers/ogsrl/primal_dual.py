"""The learner in its primal-dual form: PPO on three critics, whose advantages two multipliers combine."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from torch import Tensor

from ....rewards.constrained.dual import dual_step, require_dual_settings
from ...control import PPO, ActorCritic, PPOConfig, Steps
from .lagrangian import lagrangian_advantage


class OGSRL(PPO):
    """max J_r under J_c <= d_c and J_o <= d_o, on an environment with rewards (r, c, o) such as `GuardedEnv`.

    J is what an episode sums up to, undiscounted, estimated by a running mean over iterations. After each iteration a
    multiplier moves by eta (Ĵ − d), within [0, cap]; one that reaches the cap is warned about, for its limit may be out
    of reach. With both limits infinite this is PPO on the reward, bit for bit.

    Args:
        policy: with critics of 3 objectives.
        limit_cost, limit_ood: d_c and d_o, a number an episode.
        running: weight of an iteration in the estimates, 1 for no memory.
        rescale: whether the combined advantage is divided by 1 + l_c + l_o. Where advantages are standardised
            (`PPOConfig.advantage_norm`) that is after they were combined, and this changes nothing.
        others: as of `PPO`.

    Attributes:
        multipliers: [l_c, l_o]. estimates: [Ĵ_c, Ĵ_o], NaN before an episode has ended.
    """

    def __init__(
        self,
        env: VectorEnv,
        policy: ActorCritic,
        config: PPOConfig | None = None,
        *,
        limit_cost: float = math.inf,
        limit_ood: float = math.inf,
        eta: float = 0.1,
        cap: float = 10.0,
        running: float = 1.0,
        rescale: bool = True,
        **others: Any,
    ) -> None:
        if policy.K != 3:
            raise ValueError(f"the policy has critics of {policy.K} objectives: reward, cost and OOD are 3")
        require_dual_settings(eta, cap)
        if not 0 < running <= 1:
            raise ValueError(f"running={running}: give the weight of an iteration, above 0 and at most 1")
        super().__init__(env, policy, config, **others)
        self.limits = (limit_cost, limit_ood)
        self.eta, self.cap, self.running, self.rescale = eta, cap, running, rescale
        self.multipliers = [0.0, 0.0]
        self.estimates = [math.nan, math.nan]

    def advantages(self, steps: Steps) -> Tensor:
        """`(T, E)` (A_r − l_c A_c − l_o A_o) / (1 + l_c + l_o)."""
        reward, cost, ood = steps.adv.unbind(-1)
        return lagrangian_advantage(reward, cost, ood, *self.multipliers, rescale=self.rescale)

    def update(self, steps: Steps) -> None:
        """PPO's, then the dual step on the episodes that ended."""
        super().update(steps)
        if steps.episodes:
            self.dual(np.mean([episode.returns for episode in steps.episodes], axis=0))
        (l_c, l_o), (J_c, J_o) = self.multipliers, self.estimates
        self.metrics |= {"lambda_cost": l_c, "lambda_ood": l_o, "J_cost": J_c, "J_ood": J_o}

    def dual(self, returns: np.ndarray) -> None:
        """Take in an iteration's mean returns `(3,)`, and move the multipliers."""
        for place, (limit, J) in enumerate(zip(self.limits, returns[1:].tolist(), strict=True)):
            known = self.estimates[place]
            self.estimates[place] = J if math.isnan(known) else known + self.running * (J - known)
            before = self.multipliers[place]
            after = dual_step(before, self.estimates[place], limit, eta=self.eta, cap=self.cap)
            self.multipliers[place] = after
            if before < after == self.cap:
                name = ("cost", "OOD")[place]
                warnings.warn(
                    f"the multiplier of the {name} limit {limit:g} is at its cap of {self.cap:g}", stacklevel=2
                )
