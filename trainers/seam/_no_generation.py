"""Models that cannot generate by themselves: TRL's constructor wants a generation config of them all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import GenerationConfig
from trl.trainer import grpo_trainer

from ._setting import while_set


@contextmanager
def with_generation_config(model: Any, *, wanted: bool) -> Iterator[None]:
    """While TRL's constructor runs: the model, or the one it loads by that name, has a generation config.

    Networks that fill in masks have none.
    """
    if not wanted:
        yield
        return
    load = grpo_trainer.create_model_from_path

    def loaded(*args: Any, **named: Any) -> Any:
        return _given(load(*args, **named))

    if not isinstance(model, str):
        _given(model)
    with while_set(grpo_trainer, "create_model_from_path", loaded):
        yield


def _given(model: Any) -> Any:
    if getattr(model, "generation_config", None) is None:
        model.generation_config = GenerationConfig()
    return model
