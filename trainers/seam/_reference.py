"""The reference of a model that was given in memory: a copy of it, as it stands."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel
from transformers.integrations import is_deepspeed_zero3_enabled
from trl.trainer import grpo_trainer

from ._setting import while_set


@contextmanager
def copied_reference(model: Any, *, always: bool) -> Iterator[None]:
    """While TRL's constructor runs: the reference that it would load by the model's name is a copy of the model.

    TRL's is an older model where weights were changed since loading, and an error where the model was never saved.

    always: also for a model with a name; without, only for one that has none, and TRL's choice stands for the others.
    """
    given = isinstance(model, PreTrainedModel) and not isinstance(model, PeftModel)
    if not given or is_deepspeed_zero3_enabled() or not (always or not model.config._name_or_path):
        yield
        return
    frozen = copy.deepcopy(model).requires_grad_(False).eval()
    with while_set(grpo_trainer, "create_model_from_path", lambda *_, **__: frozen):
        yield
