"""Policies that do not predict next tokens: what cannot be asked of them, and what TRL asks all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import GenerationConfig
from trl import GRPOConfig
from trl.trainer import grpo_trainer

from ._setting import while_set


def require_nothing_of_next_tokens(args: GRPOConfig, objective: Any) -> None:
    """Raise ValueError, with all their names, for settings that need log-probabilities of next tokens."""
    used = {
        "beta": args.beta != 0,
        "entropy_coef": args.entropy_coef != 0,
        "use_adaptive_entropy": args.use_adaptive_entropy,
        "use_vllm": args.use_vllm,
        "use_transformers_continuous_batching": args.use_transformers_continuous_batching,
        "router_aux_loss_coef": args.router_aux_loss_coef != 0,  # None: that of the model
    }
    if given := [name for name, wanted in used.items() if wanted]:
        raise ValueError(
            f"{', '.join(given)} needs a policy that predicts next tokens, and that of {type(objective).__name__} does "
            f"not: set {', '.join(f'{name}=0' for name in given)}"
        )


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
