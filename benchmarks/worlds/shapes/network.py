"""A small transformer over patches that predicts velocities, told of noise and caption by adaptive layer norms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .drawing import CAPTIONS, SIZE, SIZES, caption

PATCH = 4
TOKENS, CHANNELS = (SIZE // PATCH) ** 2, 3 * PATCH**2
_IDS = {caption(ids): ids for ids in CAPTIONS}


def encode(prompts: Sequence[str]) -> Tensor:
    """Captions in words to `(B, 3)` numbers."""
    return torch.tensor([_IDS[prompt] for prompt in prompts])


class Painter(nn.Module):
    """v = noise − picture of `(B, 3, 16, 16)` at noises σ `(B,)`, for captions `(B, 3)`."""

    def __init__(self, width: int = 64, depth: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.patches = nn.Linear(CHANNELS, width)
        self.places = nn.Parameter(0.02 * torch.randn(TOKENS, width))
        self.words = nn.ModuleList(nn.Embedding(size, width) for size in SIZES)
        self.noise = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, CHANNELS)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, sigma: Tensor, ids: Tensor) -> Tensor:
        told = self.noise(waves(sigma)) + sum(word(ids[:, place]) for place, word in enumerate(self.words))
        tokens = self.patches(to_patches(x)) + self.places
        for block in self.blocks:
            tokens = block(tokens, told)
        return from_patches(self.out(self.norm(tokens)))


class Block(nn.Module):
    """Attention and a perceptron, each scaled, shifted and gated by what the network is told."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.qkv, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        nn.init.zeros_(self.modulation[1].weight)  # type: ignore[arg-type]

    def forward(self, tokens: Tensor, told: Tensor) -> Tensor:
        shift, scale, gate, shift2, scale2, gate2 = self.modulation(told)[:, None].chunk(6, -1)
        tokens = tokens + gate * self.attend(self.norms[0](tokens) * (1 + scale) + shift)
        return tokens + gate2 * self.inner(self.norms[1](tokens) * (1 + scale2) + shift2)

    def attend(self, tokens: Tensor) -> Tensor:
        """Attention among the tokens of a picture."""
        q, k, v = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.merge(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def waves(sigma: Tensor) -> Tensor:
    """`(B, 32)` sines and cosines of a noise."""
    angles = sigma[:, None] * torch.exp(torch.linspace(0, math.log(100.0), 16, dtype=sigma.dtype))
    return torch.cat([angles.sin(), angles.cos()], 1)


def to_patches(x: Tensor) -> Tensor:
    """`(B, 3, 16, 16)` to `(B, 16, 48)`."""
    side = SIZE // PATCH
    return x.unflatten(3, (side, PATCH)).unflatten(2, (side, PATCH)).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def from_patches(tokens: Tensor) -> Tensor:
    """`(B, 16, 48)` to `(B, 3, 16, 16)`."""
    side = SIZE // PATCH
    parts = tokens.unflatten(1, (side, side)).unflatten(3, (3, PATCH, PATCH))
    return parts.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
