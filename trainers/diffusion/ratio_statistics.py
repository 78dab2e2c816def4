"""What ratios did at each denoising step: whether the clip is balanced, and how far the mean has moved."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

from .sde import Transition, mean_over_dims
from .step_loss import StepLoss

SUMS = ("above", "below", "ratio", "squares", "drift", "rows")


class RatioStatistics:
    """Sums over rows, by denoising step.

    above, below: the ratio is outside 1 ± ε. drift: (1/D)·|μ_θ − μ_old|²/k², twice the mean shift of the plain ratio.
    """

    def __init__(self, steps: int, clip_range: float) -> None:
        self.clip_range = clip_range
        self.sums = torch.zeros(steps, len(SUMS), dtype=torch.float64)

    @torch.no_grad()
    def add(self, j: int, step: Transition, result: StepLoss, mean_old: Tensor) -> None:
        """Take in a batch at step j."""
        away = result.ratio.detach().double() - 1
        drift = mean_over_dims((result.mean - mean_old) ** 2) / step.k**2
        parts = (away > self.clip_range, away < -self.clip_range, away, away**2, drift, torch.ones_like(away))
        self.sums[j] += torch.stack([part.double().sum().cpu() for part in parts])

    def metrics(self) -> dict[str, float]:
        """By step that was trained: `clip/above/j`, `clip/below/j`, `ratio/mean-1/j`, `ratio/std/j`, `drift/j`.

        Of all processes, every one of which calls it.
        """
        sums = _over_processes(self.sums)
        found: dict[str, float] = {}
        for j, (above, below, away, squares, drift, rows) in enumerate(sums.tolist()):
            if rows:
                mean = away / rows
                found |= {
                    f"clip/above/{j}": above / rows,
                    f"clip/below/{j}": below / rows,
                    f"ratio/mean-1/{j}": mean,
                    f"ratio/std/{j}": max(squares / rows - mean**2, 0.0) ** 0.5,
                    f"drift/{j}": drift / rows,
                }
        return found


def _over_processes(sums: Tensor) -> Tensor:
    if not (dist.is_available() and dist.is_initialized()):
        return sums
    shares: list[Tensor] = [torch.zeros(0)] * dist.get_world_size()
    dist.all_gather_object(shares, sums)  # objects, because backends of accelerators have no float64 on the CPU
    return torch.stack(shares).sum(0)
