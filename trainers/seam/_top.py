"""The likeliest tokens' log-probabilities at each token that was drawn, whatever backend drew it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .chain import Chain


@torch.no_grad()
def top_logprobs(
    trainer: Any, chains: Sequence[Chain], starts: Sequence[int], rows: int, top: int
) -> list[list[list[float]]]:
    """For each chain, for each token from its start on: the `top` greatest log-probabilities, descending.

    rows: how many every process puts through the model; those beyond the chains are of one token.
    """
    sequences = [[*chain.prompt_ids, *chain.ids] for chain in chains]
    firsts = [len(chain.prompt_ids) + start for chain, start in zip(chains, starts, strict=True)]
    filler = [[trainer._tokenizer.eos_token_id] * 2] * (rows - len(chains))
    found: list[list[list[float]]] = []
    size = trainer.args.per_device_train_batch_size
    for block in range(0, rows, size):
        own = slice(block, block + size)
        logps = _forward(trainer, (sequences + filler)[own], (firsts + [1] * len(filler))[own])
        for row in logps[: max(len(chains) - block, 0)]:
            found.append(row.topk(min(top, row.shape[-1]), dim=-1).values.tolist())
    return found


def _forward(trainer: Any, sequences: list[list[int]], firsts: list[int]) -> list[Tensor]:
    """Log-probabilities of all words, `(tokens from first on, V)` a row. Padded on the right: nobody sees it."""
    width, earliest = max(map(len, sequences)), min(firsts) - 1  # a token is predicted one place before it
    device = trainer.accelerator.device
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in sequences], device=device)
    mask = torch.tensor([[*[1] * len(row), *[0] * (width - len(row))] for row in sequences], device=device)
    model = trainer.model_wrapped
    bare = trainer.accelerator.unwrap_model(model)
    bare = bare.get_base_model() if hasattr(bare, "get_base_model") else bare
    keeps = "logits_to_keep" in inspect.signature(bare.forward).parameters
    kept = {"logits_to_keep": torch.arange(earliest, width, device=device)} if keeps else {}
    logits = model(input_ids=ids, attention_mask=mask, **kept).logits
    logps = (logits if keeps else logits[:, earliest:]).float().div(trainer.temperature).log_softmax(-1)
    return [
        logps[place, first - 1 - earliest : len(row) - 1 - earliest]
        for place, (row, first) in enumerate(zip(sequences, firsts, strict=True))
    ]
