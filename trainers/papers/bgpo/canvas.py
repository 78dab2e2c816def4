"""Sampling from a masked-diffusion model: a canvas of masks is filled block by block, the surest tokens first.

In a block: predict all masked places, sample a token for each, keep those that the model is most confident of, and
leave the others masked, until the block is full. Blocks go from left to right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Canvas:
    """How responses are drawn.

    length: tokens of a response. block: tokens of a block; the last one may be shorter.
    steps: forward passes for the whole canvas, spread over its blocks; at least one each, and at most one a token.
    temperature: of sampling; 0 takes the likeliest token. Confidence is the probability at temperature 1.

    Raises:
        ValueError: sizes that do not fit each other.
    """

    length: int
    block: int
    steps: int
    temperature: float

    def __post_init__(self) -> None:
        if self.length < 1 or self.block < 1:
            raise ValueError(f"length={self.length}, block={self.block}: give 1 token or more of both")
        blocks = math.ceil(self.length / self.block)
        if not blocks <= self.steps <= self.length:
            raise ValueError(
                f"diffusion steps: {self.steps} is not between one a block ({blocks}) and one a token ({self.length})"
            )
        if not 0 <= self.temperature < math.inf:
            raise ValueError(f"temperature={self.temperature}: give 0 or more")

    @torch.no_grad()
    def fill(
        self, model: Any, prompts: Sequence[Sequence[int]], mask_id: int, pad_id: int, rows: int
    ) -> list[list[int]]:
        """One response of `length` tokens to each prompt; `rows` go through the model at a time.

        The number of forward passes depends on the number of prompts alone: processes stay in step.
        """
        filled: list[list[int]] = []
        for start in range(0, len(prompts), rows):
            filled += self._fill(model, prompts[start : start + rows], mask_id, pad_id).tolist()
        return filled

    def _fill(self, model: Any, prompts: Sequence[Sequence[int]], mask_id: int, pad_id: int) -> Tensor:
        device = model.device
        width = max(map(len, prompts)) + self.length
        ids = torch.full((len(prompts), width), pad_id, device=device)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            end = len(prompt) + self.length
            ids[row, :end] = torch.tensor([*prompt, *[mask_id] * self.length], device=device)
            mask[row, :end] = 1
        starts = torch.tensor([len(prompt) for prompt in prompts], device=device).unsqueeze(1)
        places = starts + torch.arange(self.length, device=device)
        rows = torch.arange(len(prompts), device=device).unsqueeze(1)
        for block, counts in zip(places.split(self.block, dim=1), self.schedule(), strict=True):
            open_ = torch.ones_like(block, dtype=torch.bool)
            for count in counts:
                logits = model(input_ids=ids, attention_mask=mask).logits[rows, block].float()
                tokens, confidence = self._predict(logits, mask_id)
                surest = confidence.masked_fill(~open_, -1.0).topk(count, dim=1).indices
                ids[rows, block.gather(1, surest)] = tokens.gather(1, surest)
                open_[rows, surest] = False
        return ids[rows, places]

    def schedule(self) -> list[list[int]]:
        """For each block how many tokens each of its steps keeps: as even as can be, more in earlier ones.

        >>> Canvas(length=10, block=4, steps=5, temperature=1.0).schedule()
        [[2, 2], [2, 2], [2]]
        """
        sizes = [min(self.block, self.length - start) for start in range(0, self.length, self.block)]
        ends = [round(self.steps * end / self.length) for end in range(self.block, self.length, self.block)]
        shares = [end - start for start, end in zip([0, *ends], [*ends, self.steps], strict=True)]
        return [_evenly(size, max(share, 1)) for size, share in zip(sizes, shares, strict=True)]

    def _predict(self, logits: Tensor, mask_id: int) -> tuple[Tensor, Tensor]:
        """Tokens, never the mask itself, and the model's confidence in them, `(b, T)` each."""
        logits = logits.index_fill(-1, torch.tensor([mask_id], device=logits.device), -torch.inf)
        probabilities = logits.softmax(-1)
        if self.temperature:
            heated = (logits / self.temperature).softmax(-1)
            tokens = torch.multinomial(heated.flatten(0, 1), 1).view(logits.shape[:2])
        else:
            tokens = logits.argmax(-1)
        return tokens, probabilities.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)


def _evenly(tokens: int, steps: int) -> list[int]:
    """Tokens shared among steps, none of which is without."""
    steps = min(steps, tokens)
    return [tokens // steps + (step < tokens % steps) for step in range(steps)]
