"""The likelihood of a response under a masked-diffusion model, bounded from below by random maskings.

    ℓ_θ(y, j)  = (1/L)·(1/t_j)·Σ_{i masked} log p_θ(y_i | y with masking j, x)     t_j = l_j / L;  l_j of L masked
    B̂_θ(y | x) = (1/n) Σ_j ℓ_θ(y, j)

1/L makes it a number a token, so that ratios do not grow with the length of a response. The n maskings of a response
are stratified: their numbers of masked tokens are spread evenly over 1 … L from a random start on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ...objectives import require_equal_shapes

Normalise = Literal["length", "padded"]


@dataclass(frozen=True, eq=False)
class Elbo:
    """ℓ of every masking, `(..., n)`, and B̂, their mean, `(...)`."""

    per_sample: Tensor
    elbo: Tensor


def mc_elbo(
    token_logps: Tensor, masks: Tensor, normalise: Normalise = "length", length: int | Tensor | None = None
) -> Elbo:
    """ℓ and B̂ from log p of a response's tokens under each masking.

    >>> logps = torch.tensor([[-1.0, -3.0, -5.0], [-2.0, -2.0, -8.0]])
    >>> mc_elbo(logps, torch.tensor([[1, 1, 0], [0, 0, 1]])).per_sample
    tensor([-2., -8.])

    token_logps, masks: `(..., n, R)`; masks are 1 where a token was masked; elsewhere log p may be anything.
    normalise: "length" divides by L; "padded" by the width R as the released code does; t_j stays l_j / L.
    length: L, the true length of a response, a number or `(...)`; R by default. Only "padded" needs it.

    Raises:
        ValueError: shapes that differ, a masking that masks nothing, or an unknown `normalise`.
    """
    require_equal_shapes(token_logps=token_logps, masks=masks)
    if normalise not in get_args(Normalise):
        raise ValueError(f"normalise must be 'length' or 'padded', not {normalise!r}")
    masked = masks.sum(-1)
    if (masked < 1).any():
        raise ValueError("masks: every masking must mask a token")
    per_sample = torch.where(masks > 0, token_logps, 0.0).sum(-1) / masked
    if normalise == "padded":
        width = token_logps.size(-1)
        share = torch.as_tensor(width if length is None else length).to(per_sample) / width
        per_sample = per_sample * share.unsqueeze(-1)
    return Elbo(per_sample, per_sample.mean(-1))


def stratified_mask_counts(k: int, n: int, L: int) -> list[int]:
    """How many of L tokens each of n maskings hides, beginning with k: each from 1 to L.

    >>> stratified_mask_counts(3, n=4, L=8)
    [3, 5, 7, 1]

    Raises:
        ValueError: n or L below 1, or k outside 1 … L.
    """
    if n < 1 or L < 1:
        raise ValueError(f"n={n}, L={L}: give 1 or more of both")
    if not 1 <= k <= L:
        raise ValueError(f"k={k}: give a number from 1 to L={L}")
    return [(round(k + i * L / n) - 1) % L + 1 for i in range(n)]  # i*L first: halves stay exact, and round to even


def stratified_masks(length: int, n: int, generator: torch.Generator) -> Tensor:
    """`(n, length)` booleans: n maskings of a response, the start and the hidden tokens drawn at random, on the CPU."""
    start = int(torch.randint(1, length + 1, (), generator=generator))
    counts = torch.tensor(stratified_mask_counts(start, n, length))
    ranks = torch.rand(n, length, generator=generator, dtype=torch.float64).argsort(1).argsort(1)
    return ranks < counts.unsqueeze(1)
