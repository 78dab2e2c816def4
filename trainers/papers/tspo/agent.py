"""The temporal agent: how well each frame, seen among its neighbours, fits the question.

h = x + pe,  attention over a window of w frames,  z = MLP(attention) + x
s[t] = ( mean_n cos(z_t, q_n) + clip_scores[t] ) / τ
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

OUTSIDE = -1e6  # attention score of frames outside the window


def window_mask(T: int, window_size: int) -> Tensor:
    """`(T, T)` of 0 and 1: row j sees the columns j − w//2 … j − w//2 + w − 1, kept inside the video.

    >>> window_mask(4, 2).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    """
    columns = torch.arange(T)[:, None] - window_size // 2 + torch.arange(window_size)[None]
    mask = torch.zeros(T, T, dtype=torch.long)
    return mask.scatter(1, columns.clamp(0, T - 1), 1)


def position_encoding(T: int, D: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """`(T, D)`: sine and cosine of t / T (the share of the video, not the frame's number) at falling frequencies."""
    place = torch.arange(T, dtype=dtype)[:, None] / T
    angle = place * 10000 ** (-torch.arange(0, D, 2, dtype=dtype) / D)
    encoding = torch.zeros(T, D, dtype=dtype)
    encoding[:, 0::2], encoding[:, 1::2] = angle.sin(), angle.cos()[:, : D // 2]
    return encoding


class WindowAttention(nn.Module):
    """Self-attention of several heads within a window, without an output projection."""

    def __init__(self, dimension: int, num_heads: int, window_size: int) -> None:
        super().__init__()
        if dimension % num_heads:
            raise ValueError(f"{num_heads} heads do not divide a dimension of {dimension}")
        self.Self_q, self.Self_k, self.Self_v = (nn.Linear(dimension, dimension) for _ in range(3))
        self.num_heads, self.window_size = num_heads, window_size

    def forward(self, h: Tensor) -> Tensor:
        """`(T, D)` → `(T, D)`."""
        T, D = h.shape
        q, k, v = (
            layer(h).view(T, self.num_heads, -1).transpose(0, 1) for layer in (self.Self_q, self.Self_k, self.Self_v)
        )
        scores = q @ k.transpose(1, 2) / (D / self.num_heads) ** 0.5
        scores = scores.masked_fill(window_mask(T, self.window_size).to(h.device) == 0, OUTSIDE)
        return (scores.softmax(-1) @ v).transpose(0, 1).reshape(T, D)


class TemporalAgent(nn.Module):
    """What is trained: attention and a small MLP on frozen features.

    >>> agent = TemporalAgent(8, num_heads=2)
    >>> agent(torch.randn(5, 8), torch.randn(1, 8), torch.zeros(5), tau=0.025).shape
    torch.Size([5])

    position_scale: of the position encoding. Its norm is √(D/2): features of length one may need less than 1.
    """

    def __init__(
        self, dimension: int = 768, *, num_heads: int = 8, window_size: int = 12, position_scale: float = 1.0
    ) -> None:
        super().__init__()
        self.temporal = WindowAttention(dimension, num_heads, window_size)
        self.mlp = nn.Sequential(nn.Linear(dimension, dimension), nn.ReLU(), nn.Linear(dimension, dimension))
        self.position_scale = position_scale

    def forward(self, frames: Tensor, text: Tensor, clip_scores: Tensor, tau: float) -> Tensor:
        """Logits s `(T,)` of frames `(T, D)` and text `(N, D)`; clip_scores `(T,)` are their similarity by itself."""
        positions = position_encoding(len(frames), frames.shape[1], frames.dtype).to(frames.device)
        z = self.mlp(self.temporal(frames + self.position_scale * positions)) + frames
        norms = z.norm(dim=1, keepdim=True) * text.norm(dim=1)[None]
        return ((z @ text.T / (norms + 1e-6)).mean(1) + clip_scores) / tau


def similarity(frames: Tensor, text: Tensor) -> Tensor:
    """cos(x_t, q), `(T,)`, a mean over texts; 0 for a feature of zeros."""
    return nn.functional.cosine_similarity(frames[:, None], text[None], dim=-1, eps=1e-6).mean(1)
