"""A two-layer model with random weights, a tokenizer made on the spot, a dataset and two rewards."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    set_seed,
)

LETTERS = "eotn"
END_EARLY = {"sequence_bias": [[[1], 4.0]]}  # random weights never stop by themselves; lengths must differ


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "<eos>", "<unk>"]
    core.train_from_iterator(
        ["say e say o say t say n"],
        trainers.BpeTrainer(vocab_size=280, special_tokens=special, initial_alphabet=alphabet),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )


def tiny_model(vocabulary: int) -> Qwen2ForCausalLM:
    set_seed(0)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def tiny_mask_filler(vocabulary: int | None = None, **config: Any) -> LlamaForCausalLM:
    """A network that looks both ways; by default for the tiny tokenizer, whose <unk> may be its mask."""
    set_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    special = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None, "is_causal": False}
    words = len(tiny_tokenizer()) if vocabulary is None else vocabulary
    return LlamaForCausalLM(LlamaConfig(vocab_size=words, **{**sizes, **special, **config}))


def count_letter(completions: list[str], letter: list[str], **_: Any) -> list[float]:
    """How much of a completion is the letter of its row."""
    return [text.count(c) / max(len(text), 1) for text, c in zip(completions, letter, strict=True)]


def vowels(completions: list[str], **_: Any) -> list[float]:
    """A second reward, so that there is something to weigh."""
    return [sum(text.count(v) for v in "aeiou") / max(len(text), 1) for text in completions]


def letter_dataset(repeats: int = 4) -> Dataset:
    return Dataset.from_list([{"prompt": f"say {c}", "letter": c} for c in LETTERS] * repeats)
