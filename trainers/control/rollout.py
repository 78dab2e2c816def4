"""Acting: E environments and a policy make `Steps`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor

from ..objectives import vector_gae
from .environments import Environments, Transition
from .policy import ActorCritic
from .steps import Episode, Steps, Tally
from .tree import Tree, as_tensors, concatenate, stack

MaskFn = Callable[[Tree, dict[str, Any]], Any]  # (observations, infos) to (E, A) booleans


def possible_actions(
    mask_fn: MaskFn | None, environments: Environments, obs: Tree, infos: dict[str, Any], device: torch.device
) -> Tensor | None:
    """`(E, A)`, or None without a function. Where an environment only begins anew nothing is ruled out: no action is
    taken, and the observation that an episode ended with may have none that is possible."""
    if mask_fn is None:
        return None
    mask = torch.as_tensor(mask_fn(obs, infos), device=device).bool()
    return mask | torch.as_tensor(environments.begins_anew, device=device).unsqueeze(-1)


class Rollout:
    """Episodes that go on from one collection to the next.

    Args:
        mask_fn: possible actions `(E, A)`, array or tensor, from the observations (arrays) and infos of a step.
        normalise_rewards: keep the running statistics of discounted returns, `policy.return_norm`.
    """

    def __init__(
        self,
        env: VectorEnv,
        policy: ActorCritic,
        *,
        mask_fn: MaskFn | None = None,
        gamma: float,
        lam: float,
        normalise_rewards: bool,
        seed: int,
    ) -> None:
        self.environments, self.policy, self.mask_fn = Environments(env), policy, mask_fn
        self.gamma, self.lam, self.normalise_rewards = gamma, lam, normalise_rewards
        self.begin(seed)

    def begin(self, seed: int | None) -> None:
        """New episodes everywhere."""
        E, K = self.environments.num_envs, self.policy.K
        self.obs, self.infos = self.environments.reset(seed)
        self.tally, self.discounted = Tally(E, K), np.zeros((E, K))

    @torch.no_grad()
    def collect(self, n_steps: int, generator: torch.Generator) -> Steps:
        """`n_steps` of every environment by the policy of now."""
        policy, device = self.policy, self.policy.device
        taken: list[tuple[Any, ...]] = []
        masks: list[Tensor] = []
        cuts: list[tuple[int, Tensor, Tree]] = []
        episodes: list[Episode] = []
        discounted: list[np.ndarray] = []
        for t in range(n_steps):
            obs, mask = (
                as_tensors(self.obs, device),
                possible_actions(self.mask_fn, self.environments, self.obs, self.infos, device),
            )
            params, worth = policy(obs)
            dist = policy.make(params, mask)
            action = dist.sample(generator)
            step = self.environments.step(policy.to_env(action))
            self._check(step)
            if mask is not None:
                masks.append(mask)
            if step.final_obs is not None:
                cuts.append((t, torch.as_tensor(step.cut, device=device), as_tensors(step.final_obs, device)))
            taken.append((obs, action, dist.logp(action), params, worth, step.reward, step.end, step.valid))
            episodes += self.tally.add(step)
            self.discounted = self.discounted * self.gamma + step.reward
            discounted.append(self.discounted[step.valid])
            self.discounted[step.end] = 0.0
            self.obs, self.infos = step.obs, step.infos
        observations, actions, logps, parameters, values, rewards, ends, valids = zip(*taken, strict=True)
        if self.normalise_rewards:
            policy.return_norm.update(torch.as_tensor(np.concatenate(discounted), device=device))
        scale = policy.scale
        value = torch.stack([*values, policy.value(as_tensors(self.obs, device))]) * scale
        reward = torch.as_tensor(np.array(rewards), dtype=value.dtype, device=device)
        valid = torch.as_tensor(np.array(valids), device=device)
        end = torch.as_tensor(np.array(ends), device=device) | ~valid
        next_value = torch.where(end.unsqueeze(-1), 0.0, value[1:])
        if cuts:
            worth = policy.value(concatenate([final for _, _, final in cuts])) * scale
            for (t, cut, _), some in zip(cuts, worth.split([int(cut.sum()) for _, cut, _ in cuts]), strict=True):
                next_value[t, cut] = some
        estimate = vector_gae(reward, value[:-1], next_value, end, gamma=self.gamma, lam=self.lam)
        return Steps(
            stack(observations),
            torch.stack(actions),
            torch.stack(logps),
            stack(parameters),
            torch.stack(masks) if masks else None,
            reward,
            value[:-1],
            next_value,
            estimate.adv,
            estimate.tdlamret,
            end,
            valid,
            episodes,
        )

    def _check(self, step: Transition) -> None:
        if step.reward.shape[1] != self.policy.K:
            raise ValueError(
                f"rewards have {step.reward.shape[1]} numbers and the policy critics of {self.policy.K} objectives"
            )
        if not np.isfinite(step.reward).all():
            raise ValueError(f"the environment gave a reward that is not a finite number: {step.reward}")
