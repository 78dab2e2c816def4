"""A masked-diffusion policy of the playground's size: trained from nothing to fill in, then to fill canvases.

A llama that looks both ways is LLaDA's architecture. Its mask token is one behind the tokenizer's last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ....trainers.papers.bgpo.canvas import Canvas
from ....trainers.papers.bgpo.elbo import stratified_masks
from ....trainers.papers.bgpo.network import masked_elbo

Demonstrate = Callable[[random.Random], tuple[str, str]]
"""A prompt, and an answer to it."""


def mask_filler(
    tokenizer: PreTrainedTokenizerFast, *, seed: int, hidden: int, layers: int, heads: int
) -> LlamaForCausalLM:
    """A network with random weights that depend on the seed alone."""
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 1,
        mask_token_id=len(tokenizer),
        is_causal=False,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        intermediate_size=2 * hidden,
        max_position_embeddings=64,
        initializer_range=0.05,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def demonstrate_to(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    demonstrate: Demonstrate,
    *,
    seed: int,
    length: int,
    steps: int,
    batch: int,
    learning_rate: float,
) -> None:
    """Raise the ELBO of demonstrations, in place: one masking of each, end tokens behind an answer."""
    rng, generator = random.Random(f"demonstrations/{seed}"), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        prompts, answers = zip(*(demonstrate(rng) for _ in range(batch)), strict=True)
        prompt_ids, prompt_mask = _padded(tokenizer, prompts)
        canvas, _ = _padded(tokenizer, answers, length)
        hidden = torch.cat([stratified_masks(length, 1, generator) for _ in range(batch)])
        everywhere = torch.ones_like(canvas)
        elbo = masked_elbo(model, prompt_ids, prompt_mask, canvas, everywhere, hidden, model.config.mask_token_id)
        (-elbo.mean()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()


def fill_canvases(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], canvas: Canvas, seed: int = 0
) -> list[str]:
    """One answer to each prompt; the same seed gives the same, and the caller's random state is left alone."""
    ids = [tokenizer(prompt).input_ids for prompt in prompts]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        filled = canvas.fill(model, ids, model.config.mask_token_id, tokenizer.pad_token_id, rows=256)
    end = tokenizer.eos_token_id
    return [tokenizer.decode(ids[: [*ids, end].index(end)]) for ids in filled]


def _padded(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], length: int | None = None) -> tuple[Any, Any]:
    """`(b, T)` ids and mask; T is the longest text's, or `length`, with end tokens behind the text."""
    rows = [tokenizer(text).input_ids for text in texts]
    width = max(map(len, rows)) if length is None else length
    filled = [[*row, *[tokenizer.eos_token_id] * (width - len(row))] for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return torch.tensor(filled), torch.tensor(mask)
