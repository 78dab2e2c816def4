"""The learner: collect, estimate, update. A paper writes `advantages` and `loss`, or a phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from gymnasium.vector import VectorEnv
from torch import Tensor, nn

from . import checkpoint
from .config import Phase, PPOConfig
from .policy import ActorCritic
from .rollout import MaskFn, Rollout
from .steps import Batch, Minibatch, Steps, shuffled
from .tree import rows

Callback = Callable[["PPO", Steps], None]


class PPO:
    r"""Proximal policy optimisation with critics of K objectives (arXiv 1707.06347).

    ppo = PPO(env, MLPActorCritic(env.single_observation_space, env.single_action_space), PPOConfig(), seed=1)
    ppo.learn(100_000)

        loss = mean max( −ρ A, −clip(ρ, 1 ± ε) A ) − entropy_coef · mean H  +  value_coef · mean (V − R)²

    An algorithm on top is a function or two, or a subclass:

    * `advantages(steps)`: `(T, E)`, the one number that all objectives make of a step (`steps.adv` is `(T, E, K)`).
    * `loss(minibatch)`: the policy's loss, a number. The critics' is `value_loss(value, rows)`.
    * `policy_phase(batch)` and `value_phase(batch)`: how the passes go, where `config.critic` sets them apart.

    Args:
        env: a `gymnasium.vector.VectorEnv` in any autoreset mode, also mo-gymnasium's.
        mask_fn: `(observations, infos)` to `(E, A)` booleans: the actions that are possible. Masks are kept with the
            steps, and hold in the update.
        seed: of episodes, actions and minibatches. The first weights are the policy's own.
    """

    def __init__(
        self,
        env: VectorEnv,
        policy: ActorCritic,
        config: PPOConfig | None = None,
        *,
        advantages: Callable[[Steps], Tensor] | None = None,
        loss: Callable[[Minibatch], Tensor] | None = None,
        mask_fn: MaskFn | None = None,
        seed: int = 0,
    ) -> None:
        self.env, self.policy, self.config = env, policy, config or PPOConfig()
        self._advantages, self._loss = advantages, loss
        self.generator = torch.Generator().manual_seed(seed)
        self.rollout = Rollout(
            env,
            policy,
            mask_fn=mask_fn,
            gamma=self.config.gamma,
            lam=self.config.lam,
            normalise_rewards=self.config.reward_norm,
            seed=seed,
        )
        self.optimizer = self._optimizer(self.config.policy)
        # A parameter that a loss does not reach has no gradient, and Adam leaves it: each optimiser may have them all.
        self.value_optimizer = self._optimizer(self.config.critic) if self.config.critic else None
        self.steps_done, self.iteration, self.total_steps = 0, 0, 0
        self.metrics: dict[str, float] = {}
        self._sums: dict[str, list[float]] = {}

    # what a paper writes

    def advantages(self, steps: Steps) -> Tensor:
        """`(T, E)`: that of the only objective, unless a function was given."""
        if self._advantages is not None:
            return self._advantages(steps)
        if self.policy.K != 1:
            raise ValueError(f"{self.policy.K} objectives: give advantages=, a function of the steps to (T, E)")
        return steps.adv.squeeze(-1)

    def loss(self, mb: Minibatch) -> Tensor:
        """The clipped surrogate less the entropy that is wanted, unless a function was given."""
        if self._loss is not None:
            return self._loss(mb)
        clip, entropy = self.config.clip, mb.dist.entropy().mean()
        surrogate = torch.max(-mb.ratio * mb.adv, -mb.ratio.clamp(1 - clip, 1 + clip) * mb.adv).mean()
        with torch.no_grad():
            log_ratio = mb.logp - mb.logp_old
            self.log(
                policy_loss=surrogate,
                entropy=entropy,
                kl=(log_ratio.expm1() - log_ratio).mean(),
                clipped=((mb.ratio - 1).abs() > clip).float().mean(),
            )
        return surrogate - self.config.entropy_coef * entropy if self.config.entropy_coef else surrogate

    def value_loss(self, value: Tensor, batch: Batch) -> Tensor:
        """mean (V − R)² over rows and objectives; with `value_clip` the larger of it and that of the clipped change."""
        squares = (value - batch.target) ** 2
        if self.config.value_clip is not None:
            old, clip = batch.value_old / batch.scale, self.config.value_clip
            squares = torch.max(squares, (old + (value - old).clamp(-clip, clip) - batch.target) ** 2)
        return squares.mean()

    # a run

    def save(self, folder: str | Path) -> Path:
        """Everything that the next step depends on, for `restore`: see `checkpoint.save`."""
        return checkpoint.save(self, folder)

    def restore(self, folder: str | Path) -> PPO:
        """Go on where `save` was called, in a learner that was made in the same way: see `checkpoint.restore`."""
        checkpoint.restore(self, folder)
        return self

    def learn(self, total_steps: int, callback: Callback | Iterable[Callback] = ()) -> PPO:
        """Iterations until `total_steps` were made, those before a checkpoint counted. Callbacks follow each update."""
        callbacks = [callback] if callable(callback) else list(callback)
        self.total_steps = total_steps
        while self.steps_done < total_steps:
            steps = self.collect()
            self.update(steps)
            self.iteration += 1
            for each in callbacks:
                each(self, steps)
        return self

    def collect(self) -> Steps:
        """`config.n_steps` of every environment."""
        steps = self.rollout.collect(self.config.n_steps, self.generator)
        self.steps_done += int(steps.valid.sum())
        return steps

    def update(self, steps: Steps) -> None:
        """Both phases, then the running statistics: the policy that acts is the one whose ratios are 1."""
        self._sums = {}
        batch = self.batch(steps)
        if self.value_optimizer is None:
            self._shared_phase(batch)
        else:
            self.policy_phase(batch)
            self.value_phase(batch)
        self.policy.observe(batch.obs)
        self.metrics = {name: sum(values) / len(values) for name, values in self._sums.items()}

    def batch(self, steps: Steps) -> Batch:
        """The valid steps as rows."""
        adv = self.advantages(steps)
        if adv.shape != steps.valid.shape:
            raise ValueError(f"advantages must be {tuple(steps.valid.shape)}, one a step, not {tuple(adv.shape)}")
        batch = Batch.of(steps, adv, self.policy.scale)
        if self.config.advantage_norm == "batch":
            batch.adv = normalised(batch.adv)
        return batch

    def view(self, batch: Batch, index: Tensor) -> Minibatch:
        """Some rows with the policy of now."""
        some = batch.rows(index)
        params, value = self.policy(some.obs)
        dist = self.policy.make(params, some.mask)
        logp = dist.logp(some.action)
        if self.config.advantage_norm == "minibatch":
            some.adv = normalised(some.adv)
        ratio = (logp - some.logp_old).exp()
        return Minibatch(
            **vars(some), dist=dist, logp=logp, ratio=ratio, value=value, params=params, make=self.policy.make
        )

    def policy_phase(self, batch: Batch) -> None:
        """Passes of `loss` alone."""
        for index in self.passes(batch, self.config.policy):
            self.step(self.optimizer, self.loss(self.view(batch, index)), self.config.policy)

    def value_phase(self, batch: Batch) -> None:
        """Passes of `value_loss` alone."""
        phase = self.config.critic
        assert phase is not None
        assert self.value_optimizer is not None
        for index in self.passes(batch, phase):
            loss = self.value_loss(self.policy.value(rows(batch.obs, index)), batch.rows(index))
            self.log(value_loss=loss)
            self.step(self.value_optimizer, loss, phase)

    def _shared_phase(self, batch: Batch) -> None:
        for index in self.passes(batch, self.config.policy):
            mb = self.view(batch, index)
            value_loss = self.value_loss(mb.value, mb)
            self.log(value_loss=value_loss)
            self.step(self.optimizer, self.loss(mb) + self.config.value_coef * value_loss, self.config.policy)

    # pieces of a phase

    def passes(self, batch: Batch, phase: Phase) -> Iterable[Tensor]:
        """Row indices of every minibatch of every epoch."""
        for _ in range(phase.epochs):
            yield from shuffled(len(batch), phase.minibatch, self.generator, batch.adv.device)

    def step(self, optimizer: torch.optim.Optimizer, loss: Tensor, phase: Phase) -> None:
        """One step down the loss, with the gradient's norm cut."""
        for group in optimizer.param_groups:
            group["lr"] = phase.lr * (self.remaining if self.config.anneal else 1.0)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.policy.parameters(), phase.max_grad_norm)
        optimizer.step()

    @property
    def remaining(self) -> float:
        """What part of the run is still to come, 1 to 0."""
        return max(0.0, 1 - self.steps_done / self.total_steps) if self.total_steps else 1.0

    def log(self, **numbers: Tensor | float) -> None:
        """Numbers whose mean over the update is in `metrics` afterwards."""
        for name, number in numbers.items():
            self._sums.setdefault(name, []).append(float(number.detach() if isinstance(number, Tensor) else number))

    def _optimizer(self, phase: Phase) -> torch.optim.Optimizer:
        parameters = list(self.policy.parameters())
        return torch.optim.Adam(parameters, lr=phase.lr, eps=phase.adam_eps)


def normalised(adv: Tensor) -> Tensor:
    """(A − mean) / (std + 1e-8), the sample's std; a single one stays as it is."""
    return (adv - adv.mean()) / (adv.std() + 1e-8) if len(adv) > 1 else adv
