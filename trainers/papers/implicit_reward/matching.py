"""The problem behind f-SFT on a table of probabilities, solved exactly: what the loss should arrive at.

(1)  min_π  D_f(π ‖ μ) + β KL(π ‖ π_ref)
(3)  π_r ∝ π_ref exp(r/β),   V = β log Σ π_ref exp(r/β)        the inner minimum for a given r
(4)  max_{θ,V}  E_μ[ φ(z + V) − V ],   z = β log(π_θ/π_ref)    the same policy, and (1)'s value
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...objectives import require_distribution, require_equal_shapes, require_finite
from .divergences import FORMS, Divergence, checked, phi_of, require_beta

BISECTIONS = 70  # from a bracket of 2e4 to the last bit of float64


@dataclass(frozen=True, eq=False)
class InnerProblem:
    """The optimum for given rewards; everything but the policy is 0-d."""

    optimal_probs: Tensor
    V: Tensor
    inner_min_value: Tensor
    outer_objective_total_variation: Tensor
    equals_beta_expected_log_ratio: Tensor
    nll: Tensor


def kl_regularised_inner_problem(
    rewards: Tensor, reference_probs: Tensor, demonstration_probs: Tensor, *, beta: float
) -> InnerProblem:
    """π_r, its V, and E_μ[r] − V, which total variation maximises: β E_μ[log(π_r/π_ref)], plain SFT. All `(n,)`.

    Raises:
        ValueError: rewards that are not finite, no distributions over as many answers, a reference that is 0
            somewhere, or β not positive.
    """
    require_beta(beta)
    _require_distributions(reference_probs, demonstration_probs)
    require_equal_shapes(reference_probs=reference_probs, rewards=rewards)
    require_finite(rewards=rewards)
    log_policy = torch.log_softmax(reference_probs.log() + rewards / beta, dim=-1)
    V = beta * torch.logsumexp(reference_probs.log() + rewards / beta, dim=-1)
    mu = demonstration_probs
    return InnerProblem(
        optimal_probs=log_policy.exp(),
        V=V,
        inner_min_value=-V,
        outer_objective_total_variation=(mu * rewards).sum() - V,
        equals_beta_expected_log_ratio=beta * (mu * (log_policy - reference_probs.log())).sum(),
        nll=-(mu * log_policy).sum(),
    )


@dataclass(frozen=True, eq=False)
class Matching:
    """The policy that minimises (1), its value there, and the V of (4)."""

    policy: Tensor
    primal_value: Tensor
    optimal_v: Tensor


def f_matching_optimum(
    demonstration_probs: Tensor, reference_probs: Tensor, *, divergence: Divergence, beta: float
) -> Matching:
    """Solve (1) by bisection. Both `(n,)`, all above 0.

    At the optimum f'(π_i/μ_i) + β log(π_i/π_ref,i) is the same for all i. It rises with π_i, so each π_i is found for
    a given common value, and the common value so that they sum to 1.

    Raises:
        ValueError: no distributions over as many answers, a probability of 0, β not positive, an unknown divergence.
    """
    checked(divergence)
    require_beta(beta)
    _require_distributions(reference_probs, demonstration_probs)
    if not (demonstration_probs > 0).all():
        raise ValueError("demonstration_probs must be above 0")
    mu = (demonstration_probs / demonstration_probs.sum()).double()
    ref = (reference_probs / reference_probs.sum()).double()
    f_slope = FORMS[divergence].f_slope

    def policy_at(common: Tensor) -> Tensor:
        def excess(log_pi: Tensor) -> Tensor:
            return f_slope(log_pi.exp() / mu) + beta * (log_pi - ref.log()) - common

        return _root(excess, torch.full_like(mu, -700.0), torch.full_like(mu, 50.0)).exp()

    common = _root(lambda c: policy_at(c).sum() - 1, mu.new_tensor(-1e4), mu.new_tensor(1e4))
    pi = policy_at(common)
    pi = pi / pi.sum()
    z = beta * (pi / ref).log()
    value = (mu * FORMS[divergence].f(pi / mu)).sum() + (pi * z).sum()
    return Matching(pi, value, _best_v(z, mu, divergence))


def _require_distributions(reference_probs: Tensor, demonstration_probs: Tensor) -> None:
    require_distribution(reference_probs=reference_probs, demonstration_probs=demonstration_probs)
    require_equal_shapes(reference_probs=reference_probs, demonstration_probs=demonstration_probs)
    if not (reference_probs > 0).all():
        raise ValueError("reference_probs must be above 0")


def _best_v(z: Tensor, mu: Tensor, divergence: Divergence) -> Tensor:
    """The root of E_μ[φ'(z + V)] = 1; 0 under total variation, where every V is one."""
    if divergence == "total_variation":
        return z.new_zeros(())
    lowest = FORMS[divergence].above - z.min()
    low = torch.where(lowest.isfinite(), lowest + 1e-12, -50.0)
    return _root(lambda V: 1 - (mu * phi_of(z + V, divergence)[1]).sum(), low, low.new_tensor(1e3))


def _root(rising: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> Tensor:
    """Where a rising function passes 0, element by element."""
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        above = rising(middle) > 0
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return (low + high) / 2
