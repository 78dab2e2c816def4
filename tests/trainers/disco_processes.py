"""A batch of answers for the tests of DisCO's loss; also a program that computes it on several processes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from jurybox.trainers.objectives import sum_over_processes
from jurybox.trainers.papers.disco import disco_loss

# name -> settings; the constraint is active in all
VARIANTS: dict[str, dict[str, Any]] = {
    "disco": {"tau": 0.5, "beta": 20.0, "delta": 0.01},
    "valid": {"variant": "disco_b", "normalize": "valid", "beta": 20.0, "delta": 0.01},
    "ratio": {"score": "Lratio", "kl_type": "low_var_kl", "beta": 1e3, "delta": 1e-4},
}
REWARDS = (1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1)
GROUPS = (4, 4, 4, 4, 4, 9, 9, 2, 2, 2, 7, 7, 7, 5, 5)  # of different sizes; 7 is all wrong


def batch(seed: int, missing: bool = True) -> tuple[torch.Tensor, ...]:
    """logps, old_logps, mask, group_ids, rewards of 15 answers to 5 questions; with `missing`, 5 is not valid."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(REWARDS)
    logps = -torch.rand(rows, 6, generator=generator, dtype=torch.float64) * 2
    old = logps + 0.05 + 0.2 * torch.randn(rows, 6, generator=generator, dtype=torch.float64)
    lengths = torch.randint(1, 7, (rows, 1), generator=generator)
    rewards = torch.tensor(REWARDS, dtype=torch.float64)
    if missing:
        rewards[-1] = torch.nan
    mask = (torch.arange(6) < lengths).long()
    return (logps * mask).requires_grad_(), old * mask, mask, torch.tensor(GROUPS), rewards


def slopes(name: str, rows: slice = slice(None)) -> tuple[float, list[list[float]]]:
    """The loss of these rows, and of all processes', and its derivative by every log-probability of the batch."""
    logps, *rest = batch(seed=3)
    local = (tensor[rows] for tensor in (logps, *rest))
    result = disco_loss(*local, **VARIANTS[name], total=sum_over_processes)
    assert result.constraint_violated
    return result.loss.item(), torch.autograd.grad(result.loss, logps)[0].tolist()


if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    # Whole groups on each process: three questions here, two there of which none is valid.
    rows = slice(0, 10) if dist.get_rank() == 0 else slice(10, None)
    results = {name: dict(zip(("loss", "slope"), slopes(name, rows), strict=True)) for name in VARIANTS}
    Path(sys.argv[1], f"rank{os.environ['RANK']}.json").write_text(json.dumps(results))
    dist.destroy_process_group()
