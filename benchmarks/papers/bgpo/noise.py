"""What a masking costs and what it is good for: bytes that wait for a backward pass, and the noise of the gradient.

The same responses and advantages, maskings drawn anew each time; the network has random weights. Noise is the trace of
the gradient's variance over the squared norm of its mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ....trainers.papers.bgpo.bound import bound_terms, elbo_ratio_objective
from ....trainers.papers.bgpo.elbo import stratified_masks
from ....trainers.papers.bgpo.network import masked_elbo
from ...experiment import Claim, Experiment, Measure, Result, Setting
from .digits import LENGTH, digit_tokenizer
from .mask_filler import mask_filler

ARMS: Mapping[str, tuple[str, int]] = {
    "one": ("1 masking", 1),
    "four": ("4 maskings", 4),
    "sixteen": ("16 maskings", 16),
}
RESPONSES = 64


class Saved:
    """The bytes that are saved for a backward pass: `now`, and at `most`.

    with Saved() as saved:
        step()
    """

    def __enter__(self) -> Saved:
        self.now = self.most = 0
        self._hooks = torch.autograd.graph.saved_tensors_hooks(lambda x: _Kept(self, x), lambda kept: kept.tensor)
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._hooks.__exit__(*error)

    def add(self, size: int) -> None:
        """Count bytes, or with a negative size take them off."""
        self.now += size
        self.most = max(self.most, self.now)


class _Kept:
    """A tensor, for as long as a graph holds it."""

    def __init__(self, saved: Saved, tensor: Tensor) -> None:
        self.saved, self.tensor = saved, tensor
        saved.add(tensor.nbytes)

    def __del__(self) -> None:
        self.saved.add(-self.tensor.nbytes)


class Responses:
    """Random prompts of two digits, canvases of eight, and advantages of both signs."""

    def __init__(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        digits = torch.randint(0, 10, (RESPONSES, 2 + LENGTH), generator=generator)
        self.prompts, self.canvases = digits[:, :2], digits[:, 2:]
        self.advantages = torch.randn(RESPONSES, generator=generator)
        self.model = mask_filler(digit_tokenizer(), seed=seed, hidden=48, layers=2, heads=4)

    def elbo(self, hidden: Tensor) -> Tensor:
        """`(B,)` ℓ of one masking of each."""
        everywhere = (torch.ones_like(self.prompts), torch.ones_like(self.canvases))
        return masked_elbo(
            self.model,
            self.prompts,
            everywhere[0],
            self.canvases,
            everywhere[1],
            hidden,
            self.model.config.mask_token_id,
        )

    def bound(self, masks: Tensor) -> Tensor:
        """The gradient of the bound, a masking at a time; masks: `(B, n, L)`."""

        def backward() -> None:
            for hidden in masks.unbind(1):
                elbo = self.elbo(hidden)
                (-bound_terms(elbo - elbo.detach(), self.advantages).mean() / masks.size(1)).backward()

        return self._gradient(backward)

    def objective(self, masks: Tensor) -> Tensor:
        """The gradient of what is bounded, of all maskings at once."""

        def backward() -> None:
            elbo = torch.stack([self.elbo(hidden) for hidden in masks.unbind(1)], 1)
            (-elbo_ratio_objective(elbo, elbo, self.advantages)).backward()

        return self._gradient(backward)

    def _gradient(self, backward: Callable[[], None]) -> Tensor:
        self.model.zero_grad()
        backward()
        return torch.cat([p.grad.flatten() for p in self.model.parameters() if p.grad is not None])


def maskings(n: int, generator: torch.Generator) -> Tensor:
    """`(B, n, L)` fresh ones."""
    return torch.stack([stratified_masks(LENGTH, n, generator) for _ in range(RESPONSES)])


def run(setting: Setting) -> Result:
    """Measure one number of maskings."""
    n, responses, generator = ARMS[setting.arm][1], Responses(setting.seed), torch.Generator().manual_seed(1)
    drawn = []
    for step in range(setting.steps):
        drawn.append(responses.bound(maskings(n, generator)))
        setting.listen(step + 1, {})
    gradients, masks = torch.stack(drawn), maskings(n, generator)
    with Saved() as of_bound:
        bound = responses.bound(masks)
    with Saved() as of_objective:
        objective = responses.objective(masks)
    return Result(
        {
            "noise": (gradients.var(0).sum() / gradients.mean(0).square().sum()).item(),
            "bound_mb": of_bound.most / 1e6,
            "objective_mb": of_objective.most / 1e6,
            "difference": (bound - objective).abs().max().item(),
        }
    )


EXPERIMENT = Experiment(
    name="bgpo-noise",
    title="A step of 64 responses: noise of its gradient, and what waits for the backward pass",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures={
        "noise": Measure("noise", ".3f"),
        "bound_mb": Measure("MB, BGPO", ".2f"),
        "objective_mb": Measure("MB, ELBO ratio", ".2f"),
        "difference": Measure("largest difference of gradients", ".0e"),
    },
    run=run,
    steps=24,
    quick_steps=3,
    claims=(
        Claim(
            "16 maskings have less than a quarter of the noise of 1",
            lambda r: r["sixteen"].final["noise"] < r["one"].final["noise"] / 4,
        ),
        Claim(
            "BGPO's step of 16 maskings saves what one of 1 does, within 5 %",
            lambda r: abs(r["sixteen"].final["bound_mb"] / r["one"].final["bound_mb"] - 1) <= 0.05,
        ),
        Claim(
            "its gradient on policy is that of the ELBO ratio, within 1e-6",
            lambda r: all(result.final["difference"] <= 1e-6 for result in r.values()),
        ),
    ),
    step_name="gradients",
)
