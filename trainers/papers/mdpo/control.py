"""The on-policy form as a learner: m steps of the policy on all that was collected, then the critic's passes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...control import PPO, Batch, Minibatch, Phase, PPOConfig, Steps
from ...control.config import AdvantageNorm
from .on_policy import mdpo_on_policy_loss, standardized

ALARMING_KL = 0.1
POLICY, CRITIC = Phase(epochs=10, minibatch=None, lr=3e-4), Phase(epochs=5, minibatch=128, lr=3e-4)


@dataclass(frozen=True)
class MDPOControlConfig(PPOConfig):
    """The paper's settings: m = `policy.epochs` steps on the whole batch, five passes for the critic.

    n_steps: of every environment; the paper has 2048 in all. clip, value_coef, entropy_coef: of PPO, unused.
    `policy.lr` decides (the paper's 3e-4 is for millions of steps): choose it so that the metric `kl` is .01 to .02.

    Raises:
        ValueError: minibatches of the policy, a critic that learns with it, or advantages that are normalised twice.
    """

    policy: Phase = POLICY
    critic: Phase | None = CRITIC
    value_clip: float | None = 0.2
    reward_norm: bool = True
    advantage_norm: AdvantageNorm = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.policy.minibatch is not None:
            raise ValueError("each of the m steps is on the whole batch: policy.minibatch must be None")
        if self.critic is None:
            raise ValueError("the critic has passes of its own: give critic=Phase(…)")
        if self.advantage_norm != "none":
            raise ValueError("the loss standardises advantages itself: advantage_norm must stay 'none'")


class MDPOControl(PPO):
    """MDPO for vector environments, with everything that `PPO` has: K critics, masks, time limits.

    MDPOControl(env, policy, MDPOControlConfig(n_steps=256, policy=Phase(epochs=10, minibatch=None, lr=3e-3)))

    t_k is 1 − (steps before this iteration) / (steps of the run), which is 1 − k/K where they divide evenly.
    Metrics: `kl` is the exact mean KL(π_{k+1} ‖ π_k) over the batch, `step_size` is t_k.
    """

    config: MDPOControlConfig

    def __init__(self, env: Any, policy: Any, config: MDPOControlConfig | None = None, **options: Any) -> None:
        super().__init__(env, policy, config or MDPOControlConfig(), **options)
        self.t_k = 1.0
        self._warned = False

    def collect(self) -> Steps:
        """The steps of an iteration, and the step size that is its own."""
        self.t_k = self.remaining
        return super().collect()

    def loss(self, mb: Minibatch) -> Tensor:
        """−( mean ρ A − (1/t_k) mean KL ) with A standardised over the batch."""
        return mdpo_on_policy_loss(mb.dist, mb.dist_old, mb.action, standardized(mb.adv), self.t_k).loss

    def policy_phase(self, batch: Batch) -> None:
        """The m steps, and how far they went."""
        super().policy_phase(batch)
        with torch.no_grad():
            now = self.policy.make(self.policy.params(batch.obs), batch.mask)
            old = self.policy.make(batch.params_old, batch.mask)
            kl = float(now.kl(old).mean())
        self.log(kl=kl, step_size=self.t_k, entropy=now.entropy().mean())
        if kl > ALARMING_KL and not self._warned:
            self._warned = True
            warnings.warn(
                f"an iteration moved the policy by a KL of {kl:.2f}: "
                f"a policy.lr below {self.config.policy.lr:g} is safer",
                stacklevel=2,
            )
