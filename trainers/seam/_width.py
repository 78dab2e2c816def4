"""Log-probabilities from forward passes that are no wider than their own rows.

TRL pads every row to the longest prompt and the longest completion of the whole generation. What a row's tokens get
does not depend on its padding, so a pass over some of the rows may be as narrow as they allow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

Forward = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor | None]]


def narrow_passes(
    forward: Forward,
    input_ids: Tensor,
    attention_mask: Tensor,
    completion_width: int,
    rows: int,
    *,
    trims_prompts: bool,
    multiple_of: int | None = None,
) -> tuple[Tensor, Tensor | None]:
    """`(B, T)` log-probabilities and entropies (or None) by passes over `rows` rows of similar length each.

    forward: `(b, P + T)` ids and mask, and T, to `(b, T)` log-probabilities and entropies.
    input_ids, attention_mask: `(B, P + T)`, prompts padded on the left and completions on the right.
    trims_prompts: whether a position may be moved, as all relative ones may; else P stays.
    multiple_of: widths are multiples of it, as TRL's `pad_to_multiple_of`.
    """
    lengths = attention_mask.sum(1)
    order = lengths.argsort(stable=True) if len(lengths) > rows else torch.arange(len(lengths), device=lengths.device)
    logps, entropies = [], []
    for block in order.split(rows):
        mask = attention_mask[block]
        start, width = _extent(mask, completion_width, trims_prompts, multiple_of or 1)
        end = mask.size(1) - completion_width + width
        block_logps, block_entropies = forward(input_ids[block, start:end], mask[:, start:end], width)
        missing = (0, completion_width - width)
        logps.append(pad(block_logps, missing))
        if block_entropies is not None:
            entropies.append(pad(block_entropies, missing))
    back = order.argsort()
    return torch.cat(logps)[back], torch.cat(entropies)[back] if entropies else None


def _extent(mask: Tensor, completion_width: int, trims_prompts: bool, multiple_of: int) -> tuple[int, int]:
    """Where the longest prompt starts, and how wide the completions are, at least 1."""
    used = mask.bool().any(0).long()
    prompt_width = mask.size(1) - completion_width
    start = int(used[:prompt_width].argmax()) if trims_prompts and used[:prompt_width].any() else 0
    completion = used[prompt_width:]
    width = completion_width - int(completion.flip(0).argmax()) if completion.any() else 1
    start -= start and -(prompt_width - start) % multiple_of
    return max(start, 0), min(width + -width % multiple_of, completion_width)


def moves_freely(config: Any) -> bool:
    """Whether a model's positions are relative (rotary), so that dropping columns of padding changes nothing."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    return any(getattr(text, name, None) is not None for name in ("rope_parameters", "rope_theta", "rope_scaling"))
