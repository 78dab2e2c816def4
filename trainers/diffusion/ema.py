"""An average over the weights that training went through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """θ̄ ← d·θ̄ + (1 − d)·θ after every update, with d = min(decay, (1 + n)/(10 + n)) of the n-th: it starts near θ."""

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._parameters = list(parameters)
        self.weights = [p.detach().clone() for p in self._parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are now."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, parameter in zip(self.weights, self._parameters, strict=True):
            average.lerp_(parameter, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Have the network use the average, for a while."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for average, parameter in zip(self.weights, self._parameters, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(kept)

    def state_dict(self) -> dict[str, int | list[Tensor]]:
        """For a checkpoint."""
        return {"updates": self.updates, "weights": self.weights}

    @torch.no_grad()
    def load_state_dict(self, saved: dict[str, list[Tensor]]) -> None:
        """Take up what `state_dict` gave."""
        self.updates = int(saved["updates"])  # type: ignore[call-overload]
        for average, weight in zip(self.weights, saved["weights"], strict=True):
            average.copy_(weight)
