r"""The CPO form of an extension: one step inside a trust region that raises i and keeps the constraint that is nearest.

    max_x g·x   subject to   c + b·x <= 0,   ½ xᵀHx <= δ          g = ∇ L_i,   b = −∇ L_j,   c = th_j − J_j

L_k is the surrogate mean (ρ − 1) A^k times the length of an episode, so that a step is measured in units of J. Of the
m − 1 constraints the step keeps the one with the least slack, because the closed form is of one; the line search looks
at all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...control import PPO, Batch, Minibatch
from ..ogsrl.cpo_step import cpo_step_by_products
from .barrier import other_objectives

DAMPING = 0.1
SHRINK, TRIES = 0.7, 10


class CPO(PPO):
    """`PPO` whose policy phase is one constrained step; the critics learn as ever, in a phase of their own.

    slack: () to `(m,)` J − th, in units. objective: i. units: `(m,)`. delta: δ.
    """

    def __init__(
        self,
        *args: Any,
        slack: Callable[[], Tensor],
        objective: int,
        units: Tensor,
        delta: float,
        **named: Any,
    ) -> None:
        super().__init__(*args, **named)
        self.slack, self.objective, self.units, self.delta = slack, objective, units, delta
        self.others = list(other_objectives(objective, len(units)))
        self.length = 1.0

    def collect(self) -> Any:
        steps = super().collect()
        self.length = float(steps.valid.sum()) / max(1, len(steps.episodes))
        return steps

    def policy_phase(self, batch: Batch) -> None:
        """The step, and back along it until the surrogates and the KL are as promised; else none."""
        everything = torch.arange(len(batch), device=batch.adv.device)
        mb = self.view(batch, everything)
        gains = self._gains(mb)
        slack = self.slack().to(gains)
        nearest = min(self.others, key=lambda j: float(slack[j]))
        learnt = [p for p in self.policy.parameters() if p.requires_grad]
        used = torch.autograd.grad(gains[self.objective], learnt, retain_graph=True, allow_unused=True)
        actor = [p for p, slope in zip(learnt, used, strict=True) if slope is not None]  # critics have no part in it
        g = _flat([slope for slope in used if slope is not None])
        b = -_flat(torch.autograd.grad(gains[nearest], actor, retain_graph=True))
        kl = mb.dist.kl(mb.dist_old).mean()
        slopes = _flat(torch.autograd.grad(kl, actor, create_graph=True))

        def product(x: Tensor) -> Tensor:
            return _flat(torch.autograd.grad(slopes @ x, actor, retain_graph=True)) + DAMPING * x

        found = cpo_step_by_products(g, b, -slack[nearest].item(), product, delta=self.delta)
        self.log(recovered=float(found.branch == "recovery"))
        start = _flat([p.detach() for p in actor])
        for attempt in range(TRIES):
            _assign(actor, start + SHRINK**attempt * found.step)
            if self._keeps_its_promise(self.view(batch, everything), slack, found.branch == "recovery"):
                self.log(line_search=SHRINK**attempt)
                return
        _assign(actor, start)
        self.log(line_search=0.0)

    @torch.no_grad()
    def _keeps_its_promise(self, mb: Minibatch, slack: Tensor, recovers: bool) -> bool:
        gains = self._gains(mb)
        broken = (-slack - gains)[self.others]  # th − J of every constraint after the step
        no_worse = bool((broken <= (-slack[self.others]).clamp(min=0)).all())
        inside = mb.dist.kl(mb.dist_old).mean().item() <= 1.5 * self.delta
        return no_worse and inside and (recovers or gains[self.objective].item() > 0)

    def _gains(self, mb: Minibatch) -> Tensor:
        """`(m,)` how much J of each objective changes, by the surrogates."""
        return self.length * ((mb.ratio - 1).unsqueeze(1) * mb.adv_vec / self.units).mean(0)


def _flat(parts: Any) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


@torch.no_grad()
def _assign(parameters: list[torch.nn.Parameter], values: Tensor) -> None:
    for parameter, part in zip(parameters, values.split([p.numel() for p in parameters]), strict=True):
        parameter.copy_(part.view_as(parameter))
