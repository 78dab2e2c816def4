"""Which k of T frames are shown: by chance in training, the best ones afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from ....judges.options import one_of

Method = Literal["topk", "bin-max"]


def tau_schedule(step: int, *, tau0: float = 0.025, tau_end: float = 0.01, max_steps: int) -> float:
    """The temperature of the logits, linear from tau0 to tau_end.

    >>> [round(tau_schedule(step, max_steps=100), 4) for step in (0, 50, 100)]
    [0.025, 0.0175, 0.01]
    """
    if not (tau0 > 0 and tau_end > 0):
        raise ValueError(f"temperatures are above 0, not tau0={tau0}, tau_end={tau_end}")
    return tau0 - (tau0 - tau_end) * step / max_steps


def gumbel_topk(logits: Tensor, gumbel: Tensor, k: int, tau: float = 1.0) -> Tensor:
    """k frames without replacement, each next one by softmax(s) over those left; in the order of time, `(k,)`.

    logits: s `(T,)`. gumbel: noise `(T,)`. tau: divides the noisy logits, which changes no selection. k > T: all.
    """
    noisy = (logits.detach() + gumbel) / tau
    return noisy.topk(min(k, len(logits))).indices.sort().values


def gumbel_noise(shape: Sequence[int], generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Gumbel(0, 1)."""
    uniform = torch.rand(*shape, generator=generator, dtype=dtype).clamp(1e-20, 1 - 1e-7)
    return -(-uniform.log()).log()


def inference_select(logits: Tensor, k: int, method: Method = "topk") -> Tensor:
    """The frames without chance, in the order of time, `(k,)`.

    "topk": the k best. "bin-max": the best of each of k stretches: k anchors from the first frame to the last, every
    frame belongs to its nearest one (of two, the earlier).

    >>> inference_select(torch.tensor([0.3, 0.2, 0.9, 0.8, 0.1]), 2).tolist()
    [2, 3]
    >>> inference_select(torch.tensor([0.3, 0.2, 0.1, 0.8, 0.9]), 2, "bin-max").tolist()
    [0, 4]
    """
    one_of("method", method, get_args(Method))
    T = len(logits)
    k = min(k, T)
    if method == "topk":
        return logits.topk(k).indices.sort().values
    anchors = [round(i * (T - 1) / (k - 1)) for i in range(k)] if k > 1 else [T - 1]
    nearest = (torch.arange(T)[:, None] - torch.tensor(anchors)[None]).abs().argmin(1)
    best = [int(torch.where(nearest == one, logits, -torch.inf).argmax()) for one in range(k)]
    return torch.tensor(sorted(best))
