"""The robust backup of a d-rectangular linear Markov decision process, from data. NumPy.

r = ⟨φ, θ⟩ and P = ⟨φ, μ⟩ with φ >= 0, Σ_i φ_i = 1; each μ_i has a ball of its own, so the worst case splits over i.
K transitions (φ_k, s'_k) with next values V_k give, by ridge regression with Λ = λI + Σ_k φ_k φ_kᵀ,

    z(a) = Λ⁻¹ Σ_k φ_k min(V_k, a)
    TV:            ν_i = max_a { z_i(a) − ρ_i (a − v_min) }        a over {v_min, V_k, C}
    KL, at a price: ν_i = −λ_reg ln max( [Λ⁻¹ Σ_k φ_k exp(−V_k/λ_reg)]_i, exp(−H/λ_reg) )
    bonus:         b(φ) = β Σ_i φ_i √(Λ⁻¹_ii),   smaller: β √(Σ_i φ_i² Λ⁻¹_ii)
    Q = min(⟨φ, θ + ν⟩ + b, C)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .policy import Array

TIE = 1e-12  # breakpoints this close in worth are equally good; the smallest is taken


class LinearBackup(NamedTuple):
    """nu, alpha: `(d,)`, the robust continuation and the a that attains it. Lambda_inv: `(d, d)`.

    bonus_l1, bonus_l2: the two forms of the bonus at the queried φ. q_optimistic: Q there, with the first.
    """

    nu: Array
    alpha: Array
    Lambda_inv: Array
    bonus_l1: float
    bonus_l2: float
    q_optimistic: float


def linear_tv_backup(
    Phi: ArrayLike,
    V_next: ArrayLike,
    phi_query: ArrayLike,
    theta: ArrayLike,
    lam: float,
    rho: ArrayLike,
    H_minus_h: float,
    v_min: float,
    beta: float,
) -> LinearBackup:
    """One step of the total-variation backup.

    Phi: `(K, d)`. V_next: `(K,)`. phi_query, theta, rho: `(d,)`. lam: the ridge. beta: the bonus's scale.
    H_minus_h: C, the number of steps left with the present one: the cap of Q and the last breakpoint.

    z_i is piecewise linear in a but not concave in general, so all breakpoints are tried; α_i is the smallest of the
    best: with ρ_i = 0 every a above all V ties. Without any transition yet, K = 0, ν is 0.

    Raises:
        ValueError: arrays that do not fit together or hold what is not finite, a ridge that is not above 0, a negative
            radius or scale.
    """
    features, values = _transitions(Phi if np.size(Phi) else np.empty((0, np.size(phi_query))), V_next)
    width = (features.shape[1],)
    query, theta, radius = (_array(*pair, width) for pair in (("phi_query", phi_query), ("theta", theta), ("rho", rho)))
    if (radius < 0).any():
        raise ValueError(f"rho holds radii, 0 or more, not {radius.tolist()}")
    if not beta >= 0:
        raise ValueError(f"beta is the scale of the bonus, 0 or more, not {beta!r}")
    inverse = _inverse_gram(features, lam)
    points = np.unique([v_min, *values[values >= v_min], H_minus_h])  # (B,) ascending
    z = np.minimum(values, points[:, None]) @ features @ inverse  # (B, d)
    worth = z - radius * (points - v_min)[:, None]
    nu = worth.max(axis=0)
    alpha = points[(worth >= nu - TIE * np.maximum(1.0, abs(nu))).argmax(axis=0)]
    variance = np.diag(inverse)
    bonus_l1 = float(beta * query @ np.sqrt(variance))
    bonus_l2 = float(beta * np.sqrt(query**2 @ variance))
    value = float(query @ (theta + nu)) + bonus_l1
    return LinearBackup(nu, alpha, inverse, bonus_l1, bonus_l2, min(value, H_minus_h))


def linear_kl_backup(Phi: ArrayLike, V_next: ArrayLike, lam: float, reg: float, H: float) -> Array:
    """ν `(d,)` of the backup that pays λ_reg = `reg` a nat instead of staying in a ball.

    Phi: `(K, d)`. V_next: `(K,)`. lam: the ridge. H: the greatest value there is, which bounds ν.

    Raises:
        ValueError: as `linear_tv_backup`, and a price that is not above 0.
    """
    features, values = _transitions(Phi, V_next)
    if not reg > 0:
        raise ValueError(f"reg is the price of a nat, a number above 0, not {reg!r}")
    weights = _inverse_gram(features, lam) @ features.T  # (d, K)
    counted = np.where(weights != 0.0, values, np.inf)
    least = counted.min(axis=1, initial=H)  # taken out of the exponent, which a small price would make underflow
    mean = (weights * np.exp((least[:, None] - counted) / reg)).sum(axis=1)
    with np.errstate(divide="ignore"):
        nu: Array = least - reg * np.log(np.maximum(mean, np.exp((least - H) / reg)))
    return np.minimum(nu, H)


def _transitions(Phi: ArrayLike, V_next: ArrayLike) -> tuple[Array, Array]:
    """Features `(K, d)` and next values `(K,)`."""
    features = _array("Phi", Phi, (None, None))
    return features, _array("V_next", V_next, (len(features),))


def _array(name: str, given: ArrayLike, shape: tuple[int | None, ...]) -> Array:
    """Finite numbers of a shape, of which None is any length."""
    array = np.asarray(given, float)
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} has shape {array.shape}, not {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has a number that is not finite")
    return array


def _inverse_gram(features: Array, lam: float) -> Array:
    """Λ⁻¹ `(d, d)`."""
    if not lam > 0:
        raise ValueError(f"lam is the ridge, a number above 0, not {lam!r}")
    return np.linalg.inv(lam * np.eye(features.shape[1]) + features.T @ features).astype(float)
