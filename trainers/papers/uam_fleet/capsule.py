"""The graph capsule layer: node features with their powers, each carried one and two steps over the graph.

    A_ij = 1/‖X_i − X_j‖, A_ii = 0, A / max A        L = D − A,  D = diag(row sums)
    F0 = X W_eᵀ + b_e
    G_p = [F0^p, L F0^p, …, L^K F0^p] W_pᵀ + b_p,  p = 1 … P
    F1 = lrelu([G_1 … G_P]) + F0                     out = lrelu(norm(F1) W_fᵀ + b_f)

Weights are (out, in). Powers are element by element: without normalisation, keep features in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear

from ...objectives.require import require_finite

SLOPE = 0.01
CLOSEST = 1e-6  # distance of two nodes with equal features


class Capsules(NamedTuple):
    """A layer's output and what it was computed by. out: `(…, n, h)`; F0, F1: `(…, n, h·P)`; A, L: `(…, n, n)`."""

    out: Tensor
    A: Tensor
    L: Tensor
    F0: Tensor
    F1: Tensor


def adjacency(X: Tensor) -> Tensor:
    """`(…, n, n)` inverse distances of the rows of X `(…, n, d)`, 0 on the diagonal, divided by the largest.

    >>> adjacency(torch.tensor([[0.0], [1.0], [3.0]]))
    tensor([[0.0000, 1.0000, 0.3333],
            [1.0000, 0.0000, 0.5000],
            [0.3333, 0.5000, 0.0000]])
    """
    distance = torch.cdist(X, X, compute_mode="donot_use_mm_for_euclid_dist").clamp(min=CLOSEST)
    A = (1 / distance).masked_fill(torch.eye(X.shape[-2], dtype=torch.bool, device=X.device), 0.0)
    largest = A.amax((-2, -1), keepdim=True)
    return A / torch.where(largest > 0, largest, 1.0)


def laplacian(A: Tensor) -> Tensor:
    """D − A, D the row sums on a diagonal."""
    return torch.diag_embed(A.sum(-1)) - A


def graph_capsule_layer(
    X: Tensor,
    W_embed: Tensor,
    b_embed: Tensor,
    W_p: Tensor,
    b_p: Tensor,
    W_out: Tensor,
    b_out: Tensor,
    *,
    slope: float = SLOPE,
    norm: nn.Module | None = None,
) -> Capsules:
    """One layer on a graph or on a batch of graphs.

    Args:
        X: `(…, n, d)` node features.
        W_embed, b_embed: `(hP, d)`, `(hP,)`.
        W_p, b_p: `(P, h, (K+1)·hP)`, `(P, h)`; K, the hops, is read off their shape.
        W_out, b_out: `(h, hP)`, `(h,)`.
        norm: normalisation of F1 over the nodes, if there is one.

    Raises:
        ValueError: shapes that do not fit, or features that are not finite.
    """
    powers, h, width = W_p.shape
    inner = powers * h
    if W_embed.shape[0] != inner or not width or width % inner:
        raise ValueError(
            f"W_p has shape {tuple(W_p.shape)}: give (P, h, (K+1)·hP) with hP = {W_embed.shape[0]} as W_embed has rows"
        )
    if X.dim() < 2 or X.shape[-1] != W_embed.shape[1]:
        raise ValueError(f"X has shape {tuple(X.shape)}: give (…, n, {W_embed.shape[1]})")
    require_finite(X=X)
    A = adjacency(X)
    L = laplacian(A)
    F0 = linear(X, W_embed, b_embed)
    G = [linear(_hops(F0**p, L, width // inner), W_p[p - 1], b_p[p - 1]) for p in range(1, powers + 1)]
    F1 = leaky_relu(torch.cat(G, -1), slope) + F0
    normed = F1 if norm is None else norm(F1)
    return Capsules(leaky_relu(linear(normed, W_out, b_out), slope), A, L, F0, F1)


def _hops(F: Tensor, L: Tensor, count: int) -> Tensor:
    """[F, L F, L² F, …] side by side."""
    carried = [F]
    for _ in range(count - 1):
        carried.append(L @ carried[-1])
    return torch.cat(carried, -1)


class GraphCapsule(nn.Module):
    """The layer with its weights: `(B, n, features)` to `(B, n, h)`.

    norm: whether F1 is batch-normalised over all nodes of all graphs, as the authors' related program does; without
    it, an output does not depend on what else is in the batch.
    """

    def __init__(self, features: int, h: int, *, hops: int = 2, powers: int = 3, norm: bool = False) -> None:
        super().__init__()
        self.embed = nn.Linear(features, h * powers)
        self.capsules = nn.Linear((hops + 1) * h * powers, powers * h)  # W_p and b_p of all p, one below the other
        self.out = nn.Linear(h * powers, h)
        self.norm = NodeNorm(h * powers) if norm else None

    def forward(self, X: Tensor) -> Tensor:
        """`(…, n, h)` embeddings of the nodes."""
        h = self.out.out_features
        W_p, b_p = self.capsules.weight.unflatten(0, (-1, h)), self.capsules.bias.unflatten(0, (-1, h))
        weights = (self.embed.weight, self.embed.bias, W_p, b_p, self.out.weight, self.out.bias)
        return graph_capsule_layer(X, *weights, norm=self.norm).out


class NodeNorm(nn.BatchNorm1d):
    """Batch normalisation of the last dimension, over everything before it."""

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return super().forward(input.reshape(-1, input.shape[-1])).reshape(input.shape)
