"""The authors' own loop: windows of T steps of E environments, each of which goes on where the last window ended.

    for each window:   act in all environments for T steps, and bootstrap from what they show then
                       BAD advantages over the window
                       epochs × mini-batches of steps: the critic's update, and the actor's unless its KL is too large

What acts is any `TokenPolicy`; `language` has one for a causal language model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

import torch
from torch import Tensor, nn

from ...environments import Reply
from ...objectives import masked_mean, require_within
from .advantages import Credit, bad_gae, first_tokens
from .loss import action_surrogate, approx_kl, normalised, token_ppo_loss, token_value_loss


class Continuing(Protocol):
    """A text environment without end: behind a reply that is done, it shows the start of a new episode."""

    @property
    def observation(self) -> str:
        """What it shows now."""
        ...

    def step(self, said: str) -> Reply:
        """Take an action, whatever it is."""
        ...


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Of N actions, `(N, J)` each, padded on the right: log-probabilities and entropies of their tokens, values before
    them, and the mask."""

    logps: Tensor
    entropies: Tensor
    values: Tensor
    mask: Tensor


class TokenPolicy(Protocol):
    """An actor that writes an action token by token, and a critic of every prefix of it."""

    def act(self, observations: Sequence[str], generator: torch.Generator | None) -> list[list[int]]:
        """The tokens of one action for each observation; at least one token."""
        ...

    def text(self, action: Sequence[int]) -> str:
        """What the environment is told."""
        ...

    def evaluate(self, observations: Sequence[str], actions: Sequence[Sequence[int]]) -> Evaluation:
        """With gradients."""
        ...

    def state_values(self, observations: Sequence[str]) -> Tensor:
        """`(N,)` V(o, 1)."""
        ...

    def actor_parameters(self) -> Iterator[nn.Parameter]:
        """What the actor's optimiser moves."""
        ...

    def critic_parameters(self) -> Iterator[nn.Parameter]:
        """What the critic's moves."""
        ...


@dataclass(frozen=True)
class WindowConfig:
    """The settings of the authors' example commands.

    Raises:
        ValueError: a value without meaning.
    """

    steps: int = 32
    credit: Credit = "poad"
    gamma: float = 0.95
    gae_lambda: float = 0.95
    clip: float = 0.2
    entropy_coef: float = 0.01
    value_clip: float = 0.2
    value_loss_coef: float = 0.5
    max_kl: float = 0.02
    epochs: int = 5
    mini_batches: int = 2
    max_grad_norm: float = 0.5

    def __post_init__(self) -> None:
        if self.credit not in get_args(Credit):
            raise ValueError(f"credit={self.credit!r}: give {', '.join(map(repr, get_args(Credit)))}")
        for name in ("steps", "epochs", "mini_batches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: give 1 or more")
        require_within(0.0, 1.0, gamma=self.gamma, gae_lambda=self.gae_lambda)
        require_within(0.0, math.inf, max_kl=self.max_kl, max_grad_norm=self.max_grad_norm)


@dataclass(frozen=True, eq=False)
class Window:
    """N = T · E steps, of all environments at the first moment, then at the second, …

    Attributes:
        observations, actions: N. before: as the policy was when it acted, without gradient.
        advantages, returns: `(N, J)`. rewards, dones: `(T, E)`.
    """

    observations: Sequence[str]
    actions: Sequence[Sequence[int]]
    before: Evaluation
    advantages: Tensor
    returns: Tensor
    rewards: Tensor
    dones: Tensor


@torch.no_grad()
def collect(
    policy: TokenPolicy,
    environments: Sequence[Continuing],
    config: WindowConfig,
    generator: torch.Generator | None = None,
) -> Window:
    """Act for a window and estimate its advantages.

    Raises:
        ValueError: an action without tokens, or a reward that is no number.
    """
    observations: list[str] = []
    actions: list[Sequence[int]] = []
    replies: list[list[Reply]] = []
    for _ in range(config.steps):
        shown = [environment.observation for environment in environments]
        chosen = policy.act(shown, generator)
        observations += shown
        actions += chosen
        replies.append([env.step(policy.text(action)) for env, action in zip(environments, chosen, strict=True)])
    before = policy.evaluate(observations, actions)
    shape = (config.steps, len(environments), -1)
    rewards = torch.tensor([[reply.reward for reply in step] for step in replies]).to(before.values)
    dones = torch.tensor([[reply.done for reply in step] for step in replies], device=before.values.device)
    bootstrap = policy.state_values([environment.observation for environment in environments])
    found = bad_gae(
        rewards,
        before.values.view(shape),
        before.mask.view(shape),
        dones,
        bootstrap,
        config.gamma,
        config.gae_lambda,
        config.credit,
    )
    flat = found.adv.flatten(0, 1), found.tdlamret.flatten(0, 1)
    return Window(observations, actions, before, *flat, rewards, dones)


def learn(
    policy: TokenPolicy,
    window: Window,
    actor: torch.optim.Optimizer,
    critic: torch.optim.Optimizer,
    config: WindowConfig,
    generator: torch.Generator | None = None,
) -> dict[str, float]:
    """All epochs and mini-batches on a window; means over them of what happened."""
    told: list[tuple[float, float, float, float]] = []
    for _ in range(config.epochs):
        order = torch.randperm(len(window.actions), generator=generator).tolist()
        for part in range(config.mini_batches):
            rows = order[part :: config.mini_batches]
            if rows:
                told.append(_update(policy, window, rows, actor, critic, config))
    names = ("policy_loss", "value_loss", "approx_kl", "frac_held")
    return dict(zip(names, torch.tensor(told).mean(0).tolist(), strict=True))


def _update(
    policy: TokenPolicy,
    window: Window,
    rows: list[int],
    actor: torch.optim.Optimizer,
    critic: torch.optim.Optimizer,
    config: WindowConfig,
) -> tuple[float, float, float, float]:
    observations, actions = [window.observations[row] for row in rows], [window.actions[row] for row in rows]
    now = policy.evaluate(observations, actions)
    width = now.mask.size(1)  # the longest action of these rows, not of the window
    old_logps, old_values, raw, returns = (
        x[rows, :width] for x in (window.before.logps, window.before.values, window.advantages, window.returns)
    )
    fitted = now.mask if config.credit != "action" else _firsts(now.mask)
    value_loss = token_value_loss(now.values, old_values, returns, fitted, config.value_clip, config.value_loss_coef)
    _step(critic, value_loss, list(policy.critic_parameters()), config.max_grad_norm)
    loss, kl = _policy_loss(now, old_logps, raw, config)
    held = bool(kl > config.max_kl)
    if not held:
        _step(actor, loss, list(policy.actor_parameters()), config.max_grad_norm)
    return loss.item(), value_loss.item(), kl.item(), float(held)


def _policy_loss(now: Evaluation, old_logps: Tensor, raw: Tensor, config: WindowConfig) -> tuple[Tensor, Tensor]:
    if config.credit != "action":
        found = token_ppo_loss(old_logps, now.logps, raw, now.mask, now.entropies, config.clip, config.entropy_coef)
        return found.loss, found.approx_kl.detach()
    last = _lasts(now.mask)
    advantages = normalised(torch.where(last, raw, 0.0), last)  # one an action, however many tokens it has
    spread = advantages.sum(1, keepdim=True).expand_as(raw)
    losses = action_surrogate(now.logps, old_logps, spread, now.mask, last, config.clip)
    entropy = masked_mean(now.entropies, now.mask)
    kl = approx_kl(old_logps, now.logps, now.mask).detach()
    return masked_mean(losses, last) - config.entropy_coef * entropy, kl


def _lasts(mask: Tensor) -> Tensor:
    return (mask > 0) & ~torch.cat([mask[:, 1:] > 0, torch.zeros_like(mask[:, :1], dtype=torch.bool)], dim=1)


def _firsts(mask: Tensor) -> Tensor:
    return first_tokens(mask, _lasts(mask)).to(mask)


def _step(optimizer: torch.optim.Optimizer, loss: Tensor, parameters: list[nn.Parameter], limit: float) -> None:
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    nn.utils.clip_grad_norm_(parameters, limit)
    optimizer.step()


def train_windows(
    policy: TokenPolicy,
    environments: Sequence[Continuing],
    config: WindowConfig,
    actor: torch.optim.Optimizer,
    critic: torch.optim.Optimizer,
    windows: int,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[Window, dict[str, float]]]:
    """Act and learn so many times; each window, with what learning from it gave.

    Raises:
        ValueError: no environment.
    """
    if not environments:
        raise ValueError("give at least one environment")
    for _ in range(windows):
        window = collect(policy, environments, config, generator)
        yield window, learn(policy, window, actor, critic, config, generator)
