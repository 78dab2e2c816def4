"""The step size t_k of mirror descent: how far an iteration may move. 1/t_k multiplies its KL.

t_k = 1 − k/K,   k = 0 … K−1        from 1 down to 1/K, never 0
"""

from __future__ import annotations


def step_size(k: int, K: int) -> float:
    """t_k of iteration k of K, in (0, 1].

    >>> [step_size(k, 4) for k in range(4)]
    [1.0, 0.75, 0.5, 0.25]

    Raises:
        ValueError: k is not one of the K iterations; t_K would be 0.
    """
    _require_iterations(K)
    if not 0 <= k < K:
        raise ValueError(f"k must be one of the K={K} iterations 0 … {K - 1}, not {k}")
    return 1 - k / K


def mdpo_step_size_schedule(K: int) -> list[float]:
    """t_0 … t_{K−1}."""
    _require_iterations(K)
    return [step_size(k, K) for k in range(K)]


def official_step_size_schedule(K: int) -> list[float]:
    """What the authors' program does instead: 1 − (k−1)/K, from 1 + 1/K down to 2/K. For comparison only.

    >>> official_step_size_schedule(2)
    [1.5, 1.0]
    """
    _require_iterations(K)
    return [1 - (k - 1) / K for k in range(K)]


def require_step_size(t_k: float) -> None:
    """Raise ValueError unless t_k is above 0: at 0 the policy may not move and 1/t_k is infinite."""
    if not t_k > 0:
        raise ValueError(f"t_k must be above 0, not {t_k!r}: the schedule 1 − k/K ends at 1/K")


def _require_iterations(K: int) -> None:
    if K < 1 or int(K) != K:
        raise ValueError(f"K must be a whole number of iterations, at least 1, not {K}")
