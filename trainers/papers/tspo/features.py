"""Features of frames and questions from a CLIP model of transformers, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

RELEASED = "openai/clip-vit-large-patch14"


class ClipFeatures:
    """Frozen image and text features in one space.

    features = ClipFeatures()
    Video(features.frames(images), features.text("Who opens the door?"), columns)
    """

    def __init__(self, model: str | Any = RELEASED, processor: Any = None, batch: int = 32) -> None:
        from transformers import CLIPModel, CLIPProcessor

        self.model = CLIPModel.from_pretrained(model) if isinstance(model, str) else model
        self.processor = processor or CLIPProcessor.from_pretrained(model)
        self.model.eval().requires_grad_(False)
        self.batch = batch

    @torch.no_grad()
    def frames(self, images: Sequence[Any]) -> Tensor:
        """`(T, D)` of T images."""
        parts = [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
        found = [self.model.get_image_features(**self.processor(images=part, return_tensors="pt")) for part in parts]
        return torch.cat([_pooled(one) for one in found])

    @torch.no_grad()
    def text(self, question: str) -> Tensor:
        """`(1, D)`."""
        inputs = self.processor(text=[question], return_tensors="pt", truncation=True)
        return _pooled(self.model.get_text_features(**inputs))


def _pooled(output: Any) -> Tensor:
    """Newer versions of transformers give the projected features inside an output object."""
    return output if isinstance(output, Tensor) else output.pooler_output
