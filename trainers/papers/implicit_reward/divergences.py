"""The concave φ of each divergence, under which matching demonstrations becomes a loss of implicit rewards.

    D_f(π ‖ μ) = E_μ[ f(π/μ) ]        φ(r) = −f*(−r)        φ'(r): the weight of a demonstration's gradient

| divergence        | f(u)                           | φ(r)                        | φ'(r)              |
|-------------------|--------------------------------|-----------------------------|--------------------|
| total_variation   | |u − 1| / 2                    | r                           | 1: plain SFT       |
| pearson_chi2      | (u − 1)²                       | r − r²/4 up to r = 2, then 1 | 1 − r/2, then 0    |
| squared_hellinger | (√u − 1)²                      | r / (1 + r), r > −1         | 1 / (1 + r)²       |
| reverse_kl        | u log u                        | 1 − exp(−r)                 | exp(−r)            |
| jensen_shannon    | u log u − (1+u) log((1+u)/2)   | log(2 − exp(−r)), r > −log 2 | e⁻ʳ / (2 − e⁻ʳ)    |
| forward_kl        | −log u                         | 1 + log r, r > 0            | 1 / r              |

total_variation's φ holds exactly for |r| <= 1/2; the paper's cancellation drops the bound. reverse_kl's is the exact
conjugate with r and V both moved up by 1, which changes nothing in φ(z + V) − V.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast, get_args

import torch
from torch import Tensor

from ....judges.options import one_of

Divergence = Literal[
    "total_variation", "pearson_chi2", "squared_hellinger", "reverse_kl", "jensen_shannon", "forward_kl"
]
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Form:
    """f and f' of a divergence, φ and φ' of its loss; φ is defined for r > `above`.

    guarded: whether φ is so steep or undefined below 0 that a guard continues it by its tangent.
    """

    f: Function
    f_slope: Function
    phi: Function
    phi_slope: Function
    above: float = -math.inf
    guarded: bool = False


FORMS: dict[Divergence, Form] = {
    "total_variation": Form(
        f=lambda u: (u - 1).abs() / 2,
        f_slope=lambda u: torch.sign(u - 1) / 2,
        phi=lambda r: r,
        phi_slope=torch.ones_like,
    ),
    "pearson_chi2": Form(
        f=lambda u: (u - 1) ** 2,
        f_slope=lambda u: 2 * (u - 1),
        phi=lambda r: r - r**2 / 4,
        phi_slope=lambda r: 1 - r / 2,
    ),
    "squared_hellinger": Form(
        f=lambda u: (u.sqrt() - 1) ** 2,
        f_slope=lambda u: 1 - u**-0.5,
        phi=lambda r: r / (1 + r),
        phi_slope=lambda r: (1 + r) ** -2,
        above=-1.0,
        guarded=True,
    ),
    "reverse_kl": Form(
        f=lambda u: u * u.log(),
        f_slope=lambda u: u.log() + 1,
        phi=lambda r: -torch.expm1(-r),
        phi_slope=lambda r: torch.exp(-r),
        guarded=True,
    ),
    "jensen_shannon": Form(
        f=lambda u: u * u.log() - (1 + u) * ((1 + u) / 2).log(),
        f_slope=lambda u: (2 * u / (1 + u)).log(),
        phi=lambda r: torch.log1p(-torch.expm1(-r)),
        phi_slope=lambda r: 1 / (2 * torch.exp(r) - 1),
        above=-math.log(2),
        guarded=True,
    ),
    "forward_kl": Form(
        f=lambda u: -u.log(),
        f_slope=lambda u: -1 / u,
        phi=lambda r: 1 + torch.log(r),
        phi_slope=lambda r: 1 / r,
        above=0.0,
    ),
}


def phi_of(
    r: Tensor,
    divergence: Divergence,
    *,
    linear_extension_below: float | None = None,
    clamp_chi2_above_2: bool = True,
) -> tuple[Tensor, Tensor]:
    """φ(r) and φ'(r), any shape.

    >>> [round(x.item(), 4) for x in phi_of(torch.tensor(0.2), "pearson_chi2")]
    [0.19, 0.9]

    linear_extension_below: r_min; below it φ goes on along its tangent, for the three divergences whose φ is steep or
        undefined there. None for no guard.
    clamp_chi2_above_2: keep pearson_chi2 flat above r = 2; without it demonstrations are pushed down there.

    Raises:
        ValueError: an unknown divergence, a guard that begins outside φ's domain, or an r outside it.
    """
    checked(divergence, linear_extension_below)
    form = FORMS[divergence]
    if divergence == "pearson_chi2" and clamp_chi2_above_2:
        r = r.clamp(max=2.0)
        return form.phi(r), form.phi_slope(r)
    if linear_extension_below is None or not form.guarded:
        if not (r > form.above).all():
            raise ValueError(f"{divergence} is defined for implicit rewards above {form.above:.4g}; got {r.min():.4g}")
        return form.phi(r), form.phi_slope(r)
    # Clamped before φ, so that no gradient ever passes through where φ is undefined.
    inside = r.clamp(min=linear_extension_below)
    tangent = form.phi_slope(torch.full_like(r, linear_extension_below))
    return form.phi(inside) + tangent * (r - inside), form.phi_slope(inside)


def checked(divergence: str, linear_extension_below: float | None = None) -> None:
    """Refuse a divergence nobody knows, and a guard that leaves a part of φ undefined."""
    one_of("divergence", divergence, get_args(Divergence))
    form = FORMS[cast(Divergence, divergence)]
    if form.guarded and linear_extension_below is not None and not linear_extension_below > form.above:
        raise ValueError(
            f"linear_extension_below must be above {form.above:.4g}, where {divergence} ends, not "
            f"{linear_extension_below}"
        )


def require_beta(beta: float) -> None:
    """Refuse a weight of the KL divergence that is no positive number."""
    if not 0 < beta < math.inf:
        raise ValueError(f"beta must be a positive number, not {beta}")
