"""Estimators of KL(π ‖ π_ref) from tokens that π sampled.

All take log-probabilities of the same tokens under π (`logps`) and under π_ref (`ref_logps`), any shape, and
return one estimate per token. k1 has no bias and much variance, k2 has a bias and little variance, k3 has
neither bias nor much variance and is never negative.
"""

from __future__ import annotations

import torch
from torch import Tensor


def kl_k1(logps: Tensor, ref_logps: Tensor) -> Tensor:
    """log π − log π_ref."""
    return logps - ref_logps


def kl_k2(logps: Tensor, ref_logps: Tensor) -> Tensor:
    """½ (log π − log π_ref)²."""
    return 0.5 * (logps - ref_logps) ** 2


def kl_k3(logps: Tensor, ref_logps: Tensor) -> Tensor:
    """π_ref/π − log(π_ref/π) − 1, the estimator of GRPO's KL penalty.

    >>> kl_k3(torch.tensor([-1.0]), torch.tensor([-1.0]))
    tensor([0.])
    """
    log_ratio = ref_logps - logps
    return torch.exp(log_ratio) - log_ratio - 1
