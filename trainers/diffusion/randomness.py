"""Random numbers that are told apart by what they are for: they do not depend on processes, batches or resuming."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

PROMPTS, NOISE, ORDER, STEPS, EVALUATION = range(5)


def generator(seed: int, *purpose: int) -> torch.Generator:
    """A generator on the CPU of its own for each purpose."""
    state = np.random.SeedSequence((seed, *purpose)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def row_noise(seed: int, *purpose: int, rows: Sequence[int], steps: int, shape: Sequence[int]) -> Tensor:
    """`(B, steps, …)` float32 noise of these rows of a batch; a row's is the same whatever others there are."""
    return torch.stack([torch.randn(steps, *shape, generator=generator(seed, *purpose, row)) for row in rows])
