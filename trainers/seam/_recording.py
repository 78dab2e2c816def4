"""A model whose outputs can be read after TRL's own method has used them."""

from __future__ import annotations

from typing import Any


class Recording:
    """Calls the model it was given and keeps the first outputs."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.first: Any = None

    def __call__(self, **inputs: Any) -> Any:
        outputs = self.model(**inputs)
        self.first = outputs if self.first is None else self.first
        return outputs
