"""Robustness of STL on tensors, with a gradient: max becomes logsumexp(k·v)/k, min becomes −logsumexp(−k·v)/k.

The smooth maximum of n values lies above the true one, by ln(n)/k at most, so that it is something to follow in
training and never a verdict; `jurybox.judges.trajectory.logic.robustness` is exact, and takes linear time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite

import torch
from torch import Tensor

from ....judges.trajectory.logic import (
    Always,
    And,
    Eventually,
    Formula,
    Implies,
    Not,
    Or,
    Predicate,
    Truth,
    Until,
)


def smooth_robustness(formula: Formula, signals: Mapping[str, Tensor], k: float = 10.0) -> Tensor:
    """ρ_k(formula, t) at every sample t, (…, T).

    Args:
        formula: of numeric predicates.
        signals: by name, (…, T) each, all of one shape.
        k: the larger, the nearer to the exact value, and the fewer samples have a gradient.

    Raises:
        ValueError: k is not positive, a signal is missing, or signals differ in shape.
    """
    if not (isfinite(k) and k > 0):
        raise ValueError(f"k is a positive number, not {k!r}")
    missing = sorted(formula.names - signals.keys())
    if missing:
        raise ValueError(f"the formula speaks of {missing[0]!r}, but the signals are {', '.join(signals) or 'none'}")
    shapes = {tuple(signal.shape) for signal in signals.values()}
    if len(shapes) != 1:
        raise ValueError(f"signals are tensors (…, T) of one shape, not {sorted(shapes)}")
    return _of(formula, signals, k)


def _of(formula: Formula, signals: Mapping[str, Tensor], k: float) -> Tensor:
    like = next(iter(signals.values()))
    match formula:
        case Predicate(var, cmp, c) if not isinstance(c, str):
            return signals[var] - c if cmp in (">", ">=") else c - signals[var]
        case Truth():
            return torch.full_like(like, inf)
        case Not(arg):
            return -_of(arg, signals, k)
        case And(args):
            return _smallest([_of(arg, signals, k) for arg in args], k)
        case Or(args):
            return _largest([_of(arg, signals, k) for arg in args], k)
        case Implies(left, right):
            return _largest([-_of(left, signals, k), _of(right, signals, k)], k)
        case Eventually(a, b, arg):
            values = _of(arg, signals, k)
            return _largest([_ahead(values, step, -inf) for step in _steps(a, b, values)], k, values)
        case Always(a, b, arg):
            values = _of(arg, signals, k)
            return _smallest([_ahead(values, step, inf) for step in _steps(a, b, values)], k, values)
        case Until(a, b, left, right):
            return _until(_of(left, signals, k), _of(right, signals, k), a, b, k)
    raise ValueError(f"a signal of numbers is not compared with a word: {formula}")


def _until(left: Tensor, right: Tensor, a: int, b: int | None, k: float) -> Tensor:
    """max over t' of min(right[t'], left[t … t'−1]); a minimum of minima is the minimum of all."""
    held = torch.full_like(left, inf)
    found = []
    for step in _steps(0, b, left):
        if step >= a:
            found.append(_smallest([_ahead(right, step, -inf), held], k))
        held = _smallest([held, _ahead(left, step, inf)], k)
    return _largest(found, k, left)


def _steps(a: int, b: int | None, values: Tensor) -> range:
    last = values.shape[-1] - 1
    return range(a, (last if b is None else min(b, last)) + 1)


def _ahead(values: Tensor, step: int, beyond: float) -> Tensor:
    """The value `step` samples later, and `beyond` where the trace has ended."""
    end = torch.full_like(values[..., :step], beyond)
    return torch.cat([values[..., step:], end], dim=-1)


def _largest(values: Sequence[Tensor], k: float, like: Tensor | None = None) -> Tensor:
    if not values:
        assert like is not None
        return torch.full_like(like, -inf)
    stacked = torch.stack(list(values))
    true = stacked.amax(0).detach()
    # An infinite value comes of an empty window or of `true`: nothing that could be followed, but NaN in logsumexp.
    safe = torch.where(true.isfinite(), stacked, 0.0)
    return torch.where(true.isfinite(), torch.logsumexp(k * safe, dim=0) / k, true)


def _smallest(values: Sequence[Tensor], k: float, like: Tensor | None = None) -> Tensor:
    return -_largest([-value for value in values], k, like)
