"""CPO's step: the best move of the policy inside a trust region that keeps, or regains, a limit on the cost.

    max_x g·x   subject to   c + b·x <= 0,   ½ xᵀHx <= δ

g, b: gradients of the reward's and the cost's surrogate. c = Ĵ_c − d_c, the estimate and not a mean of standardised
advantages, which is about 0 whatever the policy costs. H: the Fisher matrix. With q = gᵀH⁻¹g, r = gᵀH⁻¹b, s = bᵀH⁻¹b:

    trust_region_only   x = √(2δ/q) H⁻¹g, where that keeps the limit
    recovery            x = −√(2δ/s) H⁻¹b, where nothing in the region keeps it: c > 0 and c²/s >= 2δ
    constrained         both are active: λ = √((q − r²/s)/(2δ − c²/s)),  ν = (λc + r)/s,  x = H⁻¹(g − νb)/λ

where g is parallel to b the last is x = −(c/s) H⁻¹b.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Branch = Literal["trust_region_only", "recovery", "constrained"]
PARALLEL = 1e-12


@dataclass(frozen=True, eq=False)
class CPOStep:
    """A step `(n,)`, how it was found, and what it is predicted to give.

    objective: g·x. constraint_after: c + b·x, at most 0 unless it recovers. kl: ½ xᵀHx.
    """

    step: Tensor
    branch: Branch
    objective: float
    constraint_after: float
    kl: float


def cpo_step(g: Tensor, b: Tensor, c: float, H: Tensor, *, delta: float = 0.01) -> CPOStep:
    """The step for a Fisher matrix `(n, n)` that is written out.

    >>> step = cpo_step(torch.ones(2), torch.ones(2), 3.0, torch.eye(2), delta=1.0)
    >>> step.branch, step.step
    ('recovery', tensor([-1., -1.]))

    Raises:
        ValueError: H is not symmetric and positive definite, δ is not above 0.
    """
    if not torch.allclose(H, H.T) or int(torch.linalg.cholesky_ex(H).info):
        raise ValueError("H must be symmetric and positive definite: add damping to its diagonal")
    return solve(g, b, c, torch.linalg.solve(H, g), torch.linalg.solve(H, b), delta)


def cpo_step_by_products(
    g: Tensor, b: Tensor, c: float, product: Callable[[Tensor], Tensor], *, delta: float = 0.01, iterations: int = 10
) -> CPOStep:
    """The same where H is too large to write out: `product` gives Hx of `(n,)`, and H⁻¹ is conjugate gradients'."""
    Hg, Hb = (conjugate_gradients(product, y, iterations) for y in (g, b))
    return solve(g, b, c, Hg, Hb, delta)


def solve(g: Tensor, b: Tensor, c: float, Hg: Tensor, Hb: Tensor, delta: float) -> CPOStep:
    """The step, given Hg = H⁻¹g and Hb = H⁻¹b."""
    if not (delta > 0 and math.isfinite(delta)):
        raise ValueError(f"delta={delta}: the size of the trust region is above 0")
    if not math.isfinite(c):
        raise ValueError(f"c={c}: how far the cost is above its limit is a finite number")
    q, r, s = (g @ Hg).item(), (g @ Hb).item(), (b @ Hb).item()
    u = math.sqrt(2 * delta / q) if q > 0 else 0.0
    branch: Branch
    if c + u * r <= 0 or s <= 0 or (c < 0 and c * c / s >= 2 * delta):  # the last says the first, but for rounding
        branch, along_g, along_b = "trust_region_only", u, 0.0
    elif c > 0 and c * c / s >= 2 * delta:
        branch, along_g, along_b = "recovery", 0.0, -math.sqrt(2 * delta / s)
    elif q * s - r * r <= PARALLEL * q * s:
        branch, along_g, along_b = "constrained", 0.0, -c / s
    else:
        lam = math.sqrt((q - r * r / s) / (2 * delta - c * c / s))
        branch, along_g, along_b = "constrained", 1 / lam, -(lam * c + r) / (s * lam)
    kl = (along_g**2 * q + 2 * along_g * along_b * r + along_b**2 * s) / 2
    step = along_g * Hg + along_b * Hb
    return CPOStep(step, branch, along_g * q + along_b * r, c + along_g * r + along_b * s, kl)


def conjugate_gradients(product: Callable[[Tensor], Tensor], y: Tensor, iterations: int = 10) -> Tensor:
    """x with Hx = y, for a symmetric positive definite H that is known by its products; at most that many of them.

    >>> conjugate_gradients(lambda x: torch.tensor([2.0, 4.0]) * x, torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    x, rest = torch.zeros_like(y), y.clone()
    direction, squares = rest.clone(), rest @ rest
    for _ in range(iterations):
        if squares <= 1e-20 * (y @ y):
            break
        moved = product(direction)
        length = squares / (direction @ moved)
        x, rest = x + length * direction, rest - length * moved
        before, squares = squares, rest @ rest
        direction = rest + squares / before * direction
    return x
