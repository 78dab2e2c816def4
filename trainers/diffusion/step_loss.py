"""What a paper's loss says about one denoising step of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class StepLoss:
    """One denoising step of a batch.

    Attributes:
        losses: `(B,)`, with gradient; `loss` is their mean.
        ratio: `(B,)` the ratio before the clip.
        log_prob, mean: log p_θ `(B,)` and μ_θ `(B, …)`.
    """

    losses: Tensor
    ratio: Tensor
    log_prob: Tensor
    mean: Tensor

    @property
    def loss(self) -> Tensor:
        """The mean over the batch, 0-d."""
        return self.losses.mean()
