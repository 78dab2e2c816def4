"""The world model's loss: plain noise prediction on flow tensors.

x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε      L = mean (ε̂ − ε)²
"""

from __future__ import annotations

import torch
from torch import Tensor


def flow_diffusion_loss(predicted: Tensor, noise: Tensor) -> Tensor:
    """Mean over all elements, the channel of ones included; what is hidden is not masked. `(B, 4, T, H, W)` each."""
    if predicted.shape != noise.shape:
        raise ValueError(f"the prediction is {tuple(predicted.shape)}, the noise {tuple(noise.shape)}")
    return ((predicted - noise) ** 2).mean()


def add_noise(x0: Tensor, noise: Tensor, timesteps: Tensor, betas: Tensor) -> Tensor:
    """x_t. x0, noise: `(B, …)`. timesteps: `(B,)` in [0, len(betas))."""
    kept = (1 - betas).cumprod(0)[timesteps].to(x0.dtype).reshape(-1, *[1] * (x0.ndim - 1))
    return kept.sqrt() * x0 + (1 - kept).sqrt() * noise


def linear_betas(start: float = 0.00085, end: float = 0.012, steps: int = 1000) -> Tensor:
    """`(steps,)` β of the linear schedule, float64; the defaults are the paper's."""
    return torch.linspace(start, end, steps, dtype=torch.float64)
