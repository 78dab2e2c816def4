"""The pictures: a square, disc or cross of some colour in a quarter of a grey ground, 16 x 16, RGB in [-1, 1]."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

SIZE = 16
SHAPES = ("square", "disc", "cross")
COLOURS = {"red": (0.9, -0.7, -0.7), "green": (-0.7, 0.8, -0.6), "blue": (-0.7, -0.5, 0.9), "yellow": (0.9, 0.8, -0.7)}
PLACES = {"upper left": (4, 4), "upper right": (12, 4), "lower left": (4, 12), "lower right": (12, 12)}
CAPTIONS: tuple[tuple[int, int, int], ...] = tuple(product(range(3), range(4), range(4)))
"""Every (shape, colour, place)."""
SIZES = (len(SHAPES), len(COLOURS), len(PLACES))


def caption(ids: tuple[int, int, int]) -> str:
    """In words.

    >>> caption((1, 0, 2))
    'a red disc, lower left'
    """
    shape, colour, place = ids
    return f"a {list(COLOURS)[colour]} {SHAPES[shape]}, {list(PLACES)[place]}"


def draw(ids: Tensor, generator: torch.Generator) -> Tensor:
    """`(B, 3, 16, 16)` pictures of captions `(B, 3)`, each with its own place, size, ground and shade."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(len(ids), *shape, generator=generator)

    centre = torch.tensor(list(PLACES.values()), dtype=torch.float)[ids[:, 2]] - 0.5 + uniform(-1, 1, 2)
    grid = torch.arange(SIZE).float()
    dx = (grid - centre[:, :1]).abs()[:, None, :].expand(-1, SIZE, -1)
    dy = (grid - centre[:, 1:]).abs()[:, :, None].expand(-1, -1, SIZE)
    radius = uniform(2.4, 3.8)[:, None, None]
    far, near = torch.maximum(dx, dy), torch.minimum(dx, dy)
    edges = torch.stack([far - 0.85 * radius, (dx**2 + dy**2).sqrt() - radius, torch.maximum(far - radius, near - 1.0)])
    mask = (0.5 - edges[ids[:, 0], torch.arange(len(ids))]).clamp(0, 1)[:, None]  # an edge is one pixel wide
    colour = torch.tensor(list(COLOURS.values()))[ids[:, 1]] + uniform(-0.1, 0.1, 3)
    ground = uniform(-0.75, -0.35, 1).expand(-1, 3)
    return (mask * colour[:, :, None, None] + (1 - mask) * ground[:, :, None, None]).clamp(-1, 1)


def all_captions(times: int) -> Tensor:
    """`(48·times, 3)`: every caption so many times."""
    return torch.tensor(CAPTIONS).repeat(times, 1)
