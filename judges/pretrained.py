"""A transformers model beside the trainer: given as an object or by name, placed where the trainer computes."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from .written import Written


class Pretrained(Written):
    """A model with its tokenizer, frozen for inference.

    Args:
        model: a `PreTrainedModel`, or the name or folder of one. By name it is loaded at once, and pickles as the name.
        tokenizer: a tokenizer or the name of one; by default the model's own, found by its name.
        kind: the auto class a name is loaded with, e.g. "AutoModelForCausalLM".
        device: where it computes; by default the trainer's device once there is a trainer, else the first accelerator
            for a model given by name, and wherever it is for one given as an object.
        dtype: e.g. "bfloat16"; by default what the checkpoint or the object has.
        options: for `from_pretrained`.

    Raises:
        ImportError: torch or transformers is not installed.
        ValueError: the model comes as an object without a name, and no tokenizer is given.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        kind: str,
        device: Any = None,
        dtype: str | None = None,
        **options: Any,
    ) -> None:
        self.given = model
        self.name = os.fspath(model) if isinstance(model, (str, os.PathLike)) else str(_name(model))
        self.by_name = isinstance(model, (str, os.PathLike))
        self.kind = kind
        self.device = device
        self.dtype = dtype
        self.options = options
        if tokenizer is None and not self.name:
            raise ValueError(f"this {type(model).__name__} has no name to find its tokenizer by: give tokenizer=...")
        self.tokenizer = _tokenizer(self.name if tokenizer is None else tokenizer)
        self._model = self._load()

    def _load(self) -> Any:
        torch, transformers = _imported("torch"), _imported("transformers")
        dtype = getattr(torch, self.dtype) if self.dtype else None
        if self.by_name:
            auto = getattr(transformers, self.kind)
            model = auto.from_pretrained(self.name, dtype=dtype or "auto", **self.options)
        else:
            model = self.given if dtype is None else self.given.to(dtype)
        return model.eval()

    @property
    def config(self) -> Any:
        """The model's configuration."""
        return self._model.config

    def placed(self) -> Any:
        """The model, on the device where it is to compute."""
        device = self.device or _trainer_device() or (_accelerator() if self.by_name else None)
        if device is not None and _imported("torch").device(device) != self._model.device:
            self._model = self._model.to(device)
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_model"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._model = self._load()


def is_module(model: Any) -> bool:
    """Whether this is a torch module; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _name(model: Any) -> str:
    return getattr(getattr(model, "config", None), "_name_or_path", "") or ""


def _tokenizer(tokenizer: Any) -> Any:
    if isinstance(tokenizer, (str, os.PathLike)):
        return _imported("transformers").AutoTokenizer.from_pretrained(tokenizer)
    return tokenizer


def _trainer_device() -> Any:
    """The device of the running trainer, or None: asking accelerate itself would start a process group."""
    state = sys.modules.get("accelerate.state")
    shared = state.PartialState._shared_state if state is not None else {}
    return shared.get("device")


def _accelerator() -> Any:
    torch = _imported("torch")
    if not torch.accelerator.is_available():
        return None
    return torch.device(torch.accelerator.current_accelerator().type, int(os.environ.get("LOCAL_RANK", 0)))


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"a model in this process needs {name}: pip install 'jurybox[trl]'") from error
