"""The critic: a language model that says what is still to come, with a number in place of a word."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel


@dataclass(frozen=True, eq=False)
class Contexts:
    """What the critic reads before the completions: `ids` and `mask`, `(B, C)`, padded on the left."""

    ids: Tensor
    mask: Tensor

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], pad: int, device: Any) -> Contexts:
        """From rows of token ids, none of them empty."""
        width = max(map(len, rows))
        ids = [[*[pad] * (width - len(row)), *row] for row in rows]
        mask = [[*[0] * (width - len(row)), *[1] * len(row)] for row in rows]
        return cls(torch.tensor(ids, device=device), torch.tensor(mask, device=device))

    def __getitem__(self, rows: slice) -> Contexts:
        return Contexts(self.ids[rows], self.mask[rows])


class Critic(nn.Module):
    """V of every token of a completion, before that token is known.

    backbone: a transformer without a language-model head (see `backbone_of`). The head on top of it starts at 0: so do
    all values. It has no dropout, ever: values before and after an update must differ by the update alone.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.config.get_text_config().hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.eval()

    def forward(self, contexts: Contexts, completion_ids: Tensor) -> Tensor:
        """`(B, T)` values; completions are padded on the right, where causal attention needs no mask."""
        ids = torch.cat([contexts.ids, completion_ids], dim=1)
        mask = torch.cat([contexts.mask, torch.ones_like(completion_ids)], dim=1)
        hidden = self.backbone(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        before = hidden[:, contexts.ids.size(1) - 1 : -1]  # what is known before each token of the completion
        return self.head(before).squeeze(-1).float()


def backbone_of(model: Any) -> Any:
    """A float32 copy of a model's transformer without its language-model head, all of it trainable.

    model: the name or folder of one, a `transformers` model, or one with a PEFT adapter, which is left out.
    """
    if isinstance(model, (str, os.PathLike)):
        return AutoModel.from_pretrained(model, dtype=torch.float32)
    copied = copy.deepcopy(model)
    if hasattr(copied, "peft_config"):
        copied = copied.unload()
    return copied.base_model.float().requires_grad_(True)
