"""Real checkpoints by name or path, and prompts in the form they were tuned on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from .tasks import Row

INSTRUCTION = r"Think step by step between <think> and </think>, then give the final answer in \boxed{}."


def load_checkpoint(name: str, *, device: str = "cpu") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the policy, in float32 on `device`, and its tokenizer, padding left with a token of its own.

    Raises ValueError when there is no such checkpoint, or `device` is "cuda" and there is none.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device {device!r} was asked for, and torch sees no CUDA device; use 'cpu'")
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
        policy: Any = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)
    except (OSError, ValueError) as error:
        kind = "directory" if Path(name).exists() else "local directory or reachable hub name"
        raise ValueError(f"{name!r} is no {kind} with a causal language model and its tokenizer: {error}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return policy.to(device), tokenizer


def instructed(rows: Iterable[Row], tokenizer: PreTrainedTokenizerBase) -> list[Row]:
    """Return the rows with the instruction in their prompts: a user message where there is a chat template."""
    return [row | {"prompt": _prompt(str(row["prompt"]), chat=bool(tokenizer.chat_template))} for row in rows]


def _prompt(question: str, *, chat: bool) -> str | list[dict[str, str]]:
    text = f"{question}\n\n{INSTRUCTION}"
    return [{"role": "user", "content": text}] if chat else f"{text}\n"
