"""Trainers around a tiny model, for every test of this folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # so that tests and the processes they start share modules

from seam_tiny import END_EARLY, count_letter, letter_dataset, tiny_model, tiny_tokenizer, vowels  # noqa: I001
from datasets import Dataset
from trl import GRPOConfig


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
        processing_class: Any = None,
        evaluate: bool = False,
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
            "generation_kwargs": END_EARLY,
        }
        fixed = getattr(config_class, "fixed", {})
        defaults = {
            name: value
            for name, value in defaults.items()
            if name in config_class.__dataclass_fields__ and name not in fixed
        }
        return trainer_class(
            model or model_dir,
            list(reward_funcs) if isinstance(reward_funcs, (list, tuple)) else reward_funcs,
            args=config_class(**{**defaults, **settings}),
            train_dataset=train_dataset or letter_dataset(),
            eval_dataset=letter_dataset(1) if evaluate else None,
            processing_class=processing_class or tiny_tokenizer(),
            **(trainer_options or {}),
        )

    return make
