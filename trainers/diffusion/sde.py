"""The sampler of a flow-matching model as a policy: every step is a Gaussian action with a log-probability.

σ runs from 1 (noise) to 0 (data): x_σ = (1 − σ)·data + σ·noise, and the network predicts v = noise − data. With
h = σ_j − σ_{j+1} > 0, the noise level s_j of step j and D latent dimensions, the ODE x ← x − h·v becomes

    μ_j     = x·(1 − h·s²/(2σ)) − h·v·(1 + s²·(1 − σ)/(2σ))
    x_{j+1} = μ_j + s·√h·ε,    ε ~ N(0, I)
    log p   = (1/D) Σ [ −(x_{j+1} − μ)²/(2s²h) − log(s√h) − ½·log 2π ]        a mean over dimensions, not a sum

    Flow-GRPO   s_j = a·√( σ_j / (1 − σ_j) ), where σ_j = 1 is replaced by σ_1 below the line
    DanceGRPO   s_j = η
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...judges.options import one_of
from ..objectives import require_equal_shapes, require_finite

Schedule = Literal["flow_grpo", "constant"]
SCHEDULES = ("flow_grpo", "constant")


@dataclass(frozen=True)
class Transition:
    """From one noise to the next.

    Attributes:
        sigma, sigma_next: σ_j and σ_{j+1}.
        noise_level: s_j.
    """

    sigma: float
    sigma_next: float
    noise_level: float

    @property
    def h(self) -> float:
        """h = σ_j − σ_{j+1}, positive."""
        return self.sigma - self.sigma_next

    @property
    def k(self) -> float:
        """k = s·√h, the standard deviation of the action."""
        return self.noise_level * math.sqrt(self.h)

    def mean(self, x: Tensor, v: Tensor) -> Tensor:
        """μ_j of latents and velocities `(B, …)`; with s = 0 the step of the ODE."""
        drift = self.noise_level**2 / (2 * self.sigma)
        return x * (1 - self.h * drift) - v * (self.h * (1 + drift * (1 - self.sigma)))

    def log_prob(self, x_next: Tensor, mean: Tensor) -> Tensor:
        """`(B,)` mean over the dimensions of log N(x_next; mean, k²).

        Raises:
            ValueError: the noise level is 0: a deterministic step has no density.
        """
        if self.k <= 0:
            raise ValueError("noise_level is 0: a step of the ODE has no density, so nothing to learn from")
        squares = mean_over_dims((x_next - mean) ** 2)
        return -squares / (2 * self.k**2) - math.log(self.k) - 0.5 * math.log(2 * math.pi)


def transition(
    sigma: float, sigma_next: float, sigma_max: float, noise_level: float, schedule: Schedule = "flow_grpo"
) -> Transition:
    """A step of a schedule.

    >>> round(transition(0.5, 0.4, 0.96, 0.7).noise_level, 6)
    0.7

    sigma_max: the second entry of the schedule, which stands for σ = 1 where 1 − σ is divided by; "constant" has no
    use for it. noise_level: a or η.

    Raises:
        ValueError: an unknown schedule, a negative noise level, or σ that does not fall within [0, 1].
    """
    one_of("schedule", schedule, SCHEDULES)
    if not 0 <= sigma_next < sigma <= 1:
        raise ValueError(f"sigma={sigma}, sigma_next={sigma_next}: noise falls from 1 to 0 along a trajectory")
    if not (math.isfinite(noise_level) and noise_level >= 0):
        raise ValueError(f"noise_level={noise_level}: give a finite number that is not negative")
    if schedule == "constant":
        return Transition(sigma, sigma_next, noise_level)
    below = sigma if sigma < 1 else sigma_max
    if not 0 < below < 1:
        raise ValueError(f"sigma_max={sigma_max}: give the second entry of the schedule, between 0 and 1")
    return Transition(sigma, sigma_next, noise_level * math.sqrt(sigma / (1 - below)))


@dataclass(frozen=True, eq=False)
class SDEStep:
    """One step of a batch.

    Attributes:
        mean, prev_sample: μ_j and x_{j+1}, `(B, …)`; x_{j+1} has no gradient.
        log_prob: `(B,)`.
        std_dev_t, sqrt_minus_dt: s_j and √h; their product is the standard deviation.
    """

    mean: Tensor
    prev_sample: Tensor
    log_prob: Tensor
    std_dev_t: float
    sqrt_minus_dt: float


def sde_step(
    x: Tensor,
    v: Tensor,
    noise: Tensor,
    sigma: float,
    sigma_next: float,
    sigma_max: float,
    noise_level: float,
    schedule: Schedule = "flow_grpo",
) -> SDEStep:
    """Draw x_{j+1} with the noise ε that is given, and say how likely that was.

    x, v, noise: `(B, …)`. The rest: see `transition`.

    Raises:
        ValueError: shapes that differ, numbers that are not finite, no noise level, or what `transition` refuses.
    """
    require_equal_shapes(x=x, v=v, noise=noise)
    require_finite(x=x, v=v, noise=noise)
    step = transition(sigma, sigma_next, sigma_max, noise_level, schedule)
    mean = step.mean(x, v)
    prev_sample = (mean + step.k * noise).detach()
    return SDEStep(mean, prev_sample, step.log_prob(prev_sample, mean), step.noise_level, math.sqrt(step.h))


def mean_over_dims(x: Tensor) -> Tensor:
    """`(B, …)` to `(B,)`."""
    return x.flatten(1).mean(1)


def flow_matching_sigmas(steps: int, shift: float = 3.0, train_timesteps: int = 1000) -> tuple[float, ...]:
    """σ_0 = 1 > σ_1 > … > σ_N = 0, as diffusers' flow-matching Euler scheduler places N steps.

    >>> [round(sigma, 4) for sigma in flow_matching_sigmas(10)]
    [1.0, 0.9601, 0.9133, 0.8577, 0.7904, 0.7073, 0.6022, 0.4649, 0.278, 0.0089, 0.0]

    shift: moves steps to where there is more noise, σ ← shift·σ/(1 + (shift − 1)·σ); it is applied twice, as there: to
    the least σ of the training schedule, and to the steps between 1 and that.

    Raises:
        ValueError: fewer than 2 steps, or a shift that is not positive.
    """
    if steps < 2 or not shift > 0:
        raise ValueError(f"steps={steps}, shift={shift}: give two steps or more, and a positive shift")
    least = _shifted(torch.tensor(1 / train_timesteps, dtype=torch.float64), shift).item()
    placed = _shifted(torch.linspace(1.0, least, steps, dtype=torch.float64), shift)
    return (*placed.tolist(), 0.0)


def _shifted(sigma: Tensor, shift: float) -> Tensor:
    return shift * sigma / (1 + (shift - 1) * sigma)
