"""The attention decoder: a look at the nodes that are allowed, then a score for each of them.

    a_m = softmax over allowed nodes of q_m · k_m / √d_head        g = W_out [a_1 V_1 … a_M V_M]
    u_j = C tanh( k'_j · g / √h ), −∞ where j is not allowed       π = softmax(u)

Head m uses entries m·d_head … (m+1)·d_head − 1 of query, keys and values, which are projected already.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from ...objectives.require import require_equal_shapes, require_finite


class Decoded(NamedTuple):
    """glimpse: `(…, h)`; logits: `(…, n)`, −∞ where a node is not allowed; probs: `(…, n)`."""

    glimpse: Tensor
    logits: Tensor
    probs: Tensor


def mha_decoder(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    W_out: Tensor,
    logit_keys: Tensor,
    mask: Tensor,
    *,
    heads: int,
    tanh_clip: float = 10.0,
) -> Decoded:
    """Probabilities of n nodes.

    Args:
        query: `(…, h)`. keys, values, logit_keys: `(…, n, h)`. W_out: `(h, h)`, (out, in).
        mask: `(…, n)`, true where a node is allowed.

    Raises:
        ValueError: nothing is allowed in some row, the heads do not divide h, or shapes or numbers that cannot be.
    """
    h, allowed = query.shape[-1], mask.bool()
    if heads < 1 or h % heads:
        raise ValueError(f"heads={heads} does not divide h={h}, the width of query")
    require_equal_shapes(keys=keys, values=values, logit_keys=logit_keys)
    require_equal_shapes(keys=keys[..., 0], mask=mask)
    require_finite(query=query, keys=keys, values=values, logit_keys=logit_keys)
    require_some_allowed(allowed)
    by_head = (heads, h // heads)
    q = query.unflatten(-1, by_head)  # (…, M, d)
    k, v = keys.unflatten(-1, by_head), values.unflatten(-1, by_head)  # (…, n, M, d)
    compatibility = torch.einsum("...md,...nmd->...mn", q, k) / math.sqrt(h // heads)
    attention = compatibility.masked_fill(~allowed.unsqueeze(-2), -math.inf).softmax(-1)
    glimpse = linear(torch.einsum("...mn,...nmd->...md", attention, v).flatten(-2), W_out)
    scores = tanh_clip * torch.tanh(torch.einsum("...nh,...h->...n", logit_keys, glimpse) / math.sqrt(h))
    logits = scores.masked_fill(~allowed, -math.inf)
    return Decoded(glimpse, logits, logits.softmax(-1))


def require_some_allowed(mask: Tensor) -> None:
    """Raise ValueError where a row of a mask `(…, n)` allows nothing."""
    if not mask.any(-1).all():
        raise ValueError("mask allows nothing in some row")
