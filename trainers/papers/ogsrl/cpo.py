"""The learner in CPO's form: one natural-gradient step an iteration that keeps a limit, or goes back below it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor, nn

from ...control import PPO, ActorCritic, Batch, Phase, PPOConfig, Steps
from .cpo_step import cpo_step_by_products

CRITIC = Phase(epochs=2, minibatch=64, lr=1e-3)


class CPO(PPO):
    """max J_r under J_k <= d for one cost k, by trust regions; on `GuardedEnv` it is the paper's GMB-CPO.

    The step is `cpo_step`'s, with products of the Fisher matrix and conjugate gradients. b is the gradient of the
    surrogate of an *episode's* cost, and c = Ĵ_k − d with Ĵ_k the mean of the episodes that ended. Then the step is
    shortened by `shrink` until KL(new ‖ old) is within δ and the surrogates did not get worse than they may; after
    `tries` of them nothing moves. The reward's advantages are standardised, the cost's keep their unit.

    Args:
        policy: with critics of rewards (r, c, o) or (r, c).
        limit: d, undiscounted, an episode.
        cost: which objective has the limit.
        delta: size of the trust region. damping: added to the Fisher matrix. iterations: of conjugate gradients.
        config: `critic` is how the critics learn; of `policy` nothing is used.
        others: as of `PPO`.
    """

    def __init__(
        self,
        env: VectorEnv,
        policy: ActorCritic,
        config: PPOConfig | None = None,
        *,
        limit: float = math.inf,
        cost: int = 1,
        delta: float = 0.01,
        damping: float = 0.1,
        iterations: int = 10,
        shrink: float = 0.8,
        tries: int = 30,
        **others: Any,
    ) -> None:
        config = config or PPOConfig(critic=CRITIC, advantage_norm="none")
        if config.critic is None:
            raise ValueError("CPO's step is the policy's alone: give PPOConfig(critic=Phase(…))")
        if not 0 < cost < policy.K:
            raise ValueError(f"cost={cost}: objective 0 is the reward, and there are {policy.K}")
        super().__init__(env, policy, config, **others)
        self.limit, self.cost, self.delta, self.damping = limit, cost, delta, damping
        self.iterations, self.shrink, self.tries = iterations, shrink, tries
        self.excess, self.episode_length = math.nan, math.nan

    def advantages(self, steps: Steps) -> Tensor:
        """`(T, E)` the reward's; and what the step needs to know of the episodes that ended."""
        if steps.episodes:
            self.excess = float(np.mean([e.returns[self.cost] for e in steps.episodes])) - self.limit
            self.episode_length = float(np.mean([e.length for e in steps.episodes]))
        return steps.adv[..., 0]

    def policy_phase(self, batch: Batch) -> None:
        """One step, or none."""
        if math.isnan(self.excess):  # no episode has ended: nothing is known of the cost
            return
        free = [p for p in self.policy.parameters() if p.requires_grad]
        old = batch_distribution(self.policy, batch)
        reward = (batch.adv - batch.adv.mean()) / (batch.adv.std() + 1e-8)
        charged = batch.adv_vec[:, self.cost] * self.episode_length

        def surrogates() -> tuple[Tensor, Tensor, Tensor]:
            dist = self.policy.make(self.policy.params(batch.obs), batch.mask)
            ratio = (dist.logp(batch.action) - batch.logp_old).exp()
            return (ratio * reward).mean(), (ratio * charged).mean(), dist.kl(old).mean()

        gain, cost, kl = surrogates()
        g, b = (flat_gradient(value, free).detach() for value in (gain, cost))
        slope = flat_gradient(kl, free, create_graph=True)

        def product(x: Tensor) -> Tensor:
            return flat_gradient(slope @ x, free) + self.damping * x

        excess = self.excess if math.isfinite(self.excess) else -1e9
        found = cpo_step_by_products(g, b, excess, product, delta=self.delta, iterations=self.iterations)
        taken = self._searched(found.step, free, surrogates, gain.item(), cost.item(), found.branch == "recovery")
        self.log(step_length=taken, excess=excess, recovery=float(found.branch == "recovery"))

    @torch.no_grad()
    def _searched(
        self,
        step: Tensor,
        free: list[nn.Parameter],
        surrogates: Callable[[], tuple[Tensor, Tensor, Tensor]],
        gain: float,
        cost: float,
        recovers: bool,
    ) -> float:
        """Go as far along the step as it keeps its promises; the share of it that was taken."""
        start = nn.utils.parameters_to_vector(free)
        share = 1.0
        for _ in range(self.tries):
            nn.utils.vector_to_parameters(start + share * step, free)
            new_gain, new_cost, kl = (value.item() for value in surrogates())
            allowed = max(-self.excess, 0.0) if math.isfinite(self.excess) else math.inf
            if kl <= self.delta and (recovers or new_gain >= gain) and new_cost - cost <= allowed:
                return share
            share *= self.shrink
        nn.utils.vector_to_parameters(start, free)
        return 0.0


def batch_distribution(policy: ActorCritic, batch: Batch) -> Any:
    """Of the policy that acted, without gradient."""
    return policy.make(batch.params_old, batch.mask)


def flat_gradient(value: Tensor, parameters: list[nn.Parameter], *, create_graph: bool = False) -> Tensor:
    """`(n,)`; 0 for what has no part in it."""
    found = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True, create_graph=create_graph)
    parts = zip(found, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if slope is None else slope).reshape(-1) for slope, p in parts])
