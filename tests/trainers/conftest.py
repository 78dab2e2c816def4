"""A two-layer model with random weights, a tokenizer made on the spot, and trainers around them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed
from trl import GRPOConfig

LETTERS = "eotn"


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


def count_letter(completions: list[str], letter: list[str], **_: Any) -> list[float]:
    """How much of a completion is the letter of its row."""
    return [text.count(c) / max(len(text), 1) for text, c in zip(completions, letter, strict=True)]


def vowels(completions: list[str], **_: Any) -> list[float]:
    """A second reward, so that there is something to weigh."""
    return [sum(text.count(v) for v in "aeiou") / max(len(text), 1) for text in completions]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """On disk, because with beta > 0 the reference model is loaded by name."""
    path = tmp_path_factory.mktemp("tiny")
    tokenizer = tiny_tokenizer()
    tiny_model(len(tokenizer)).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


def letter_dataset(repeats: int = 4) -> Dataset:
    return Dataset.from_list([{"prompt": f"say {c}", "letter": c} for c in LETTERS] * repeats)


@pytest.fixture
def build(model_dir: str, tmp_path: Path) -> Callable[..., Any]:
    """build(trainer_class, config_class=…, objective=…, reward_funcs=…, **config) -> trainer, not yet trained."""

    def make(
        trainer_class: type,
        *,
        config_class: type[GRPOConfig] = GRPOConfig,
        model: Any = None,
        reward_funcs: Any = (count_letter, vowels),
        train_dataset: Dataset | None = None,
        trainer_options: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        defaults = {
            "output_dir": str(tmp_path / "run"),
            "use_cpu": True,
            "bf16": False,
            "report_to": "none",
            "per_device_train_batch_size": 8,
            "num_generations": 4,
            "max_completion_length": 8,
            "max_steps": 2,
            "learning_rate": 1e-2,
            "lr_scheduler_type": "constant",
            "logging_steps": 1,
            "save_strategy": "no",
            "disable_tqdm": True,
            "loss_type": "grpo",
        }
        return trainer_class(
            model or model_dir,
            list(reward_funcs) if isinstance(reward_funcs, (list, tuple)) else reward_funcs,
            args=config_class(**{**defaults, **settings}),
            train_dataset=train_dataset or letter_dataset(),
            processing_class=tiny_tokenizer(),
            **(trainer_options or {}),
        )

    return make
