"""The policy of CapTAIN, and a dispatcher that follows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ....judges.fleet import Dispatcher, FleetDay, FleetWorld, Scenario
from ...control import ActorCritic
from ...objectives.distributions import Categorical
from .capsule import GraphCapsule
from .decoder import mha_decoder
from .observation import AIRCRAFT, DECIDING, HORIZON, NUMBERS, OWN, VERTIPORT, Observer

Observation = dict[str, Tensor]


class CapTAIN(ActorCritic):
    """Capsules over both graphs, a transformer over the series, and a decoder over the vertiports.

        q = W [aircraft, its vertiport, mean vertiport, mean aircraft, series, time, battery]

    The critic is two layers on what q is made of.

    Args:
        world: gives the series its width; graphs may have any size.
        h: width of every embedding. heads: of the decoder's attention, dividing h.
        seed: of the first weights.
    """

    def __init__(self, world: FleetWorld, *, h: int = 32, heads: int = 4, seed: int = 0) -> None:
        super().__init__()
        self.heads = heads
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.vertiports = GraphCapsule(VERTIPORT, h)
            self.fleet = GraphCapsule(AIRCRAFT, h)
            self.series = SeriesEncoder(2 * world.vertiports**2, h)
            self.query = nn.Linear(5 * h + NUMBERS, h)
            self.keys, self.values, self.logit_keys, self.out = (nn.Linear(h, h, bias=False) for _ in range(4))
            self.critic = nn.Sequential(nn.Linear(5 * h + NUMBERS, 2 * h), nn.Tanh(), nn.Linear(2 * h, 1))

    def forward(self, obs: Observation) -> tuple[Tensor, Tensor]:
        """(logits `(B, N)`, value `(B, 1)`)."""
        nodes = self.vertiports(obs["vertiports"])
        context = self._context(obs, nodes)
        return self._logits(obs, nodes, context), self.critic(context)

    def params(self, obs: Observation) -> Tensor:
        """Logits `(B, N)`, 0 where a vertiport is not allowed: `make` is told again which are."""
        nodes = self.vertiports(obs["vertiports"])
        return self._logits(obs, nodes, self._context(obs, nodes))

    def value(self, obs: Observation) -> Tensor:
        """`(B, 1)`."""
        return self.critic(self._context(obs, self.vertiports(obs["vertiports"])))

    def make(self, params: Tensor, mask: Tensor | None = None) -> Categorical:
        """The distribution over vertiports."""
        return Categorical(params, mask)

    def _context(self, obs: Observation, nodes: Tensor) -> Tensor:
        fleet = self.fleet(obs["fleet"])
        chosen = _row_where(fleet, obs["fleet"][..., DECIDING]), _row_where(nodes, obs["vertiports"][..., OWN])
        return torch.cat([*chosen, nodes.mean(-2), fleet.mean(-2), self.series(obs["series"]), obs["numbers"]], -1)

    def _logits(self, obs: Observation, nodes: Tensor, context: Tensor) -> Tensor:
        projected = self.keys(nodes), self.values(nodes), self.out.weight, self.logit_keys(nodes)
        allowed = obs["mask"].bool()
        logits = mha_decoder(self.query(context), *projected, allowed, heads=self.heads).logits
        return logits.masked_fill(~allowed, 0.0)


class SeriesEncoder(nn.Module):
    """A transformer layer over `(B, H, features)`, averaged over time: `(B, h)`."""

    position: Tensor

    def __init__(self, features: int, h: int, *, heads: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(features, h)
        self.layer = nn.TransformerEncoderLayer(h, heads, 2 * h, dropout=0.0, batch_first=True)
        self.register_buffer("position", sinusoids(HORIZON, h))

    def forward(self, series: Tensor) -> Tensor:
        """The mean over the steps."""
        return self.layer(self.embed(series) + self.position).mean(-2)


def sinusoids(steps: int, h: int) -> Tensor:
    """`(steps, h)` sine and cosine of each step at h/2 wavelengths, from 2π to 10 000 · 2π."""
    angle = torch.arange(steps).unsqueeze(1) * torch.exp(-math.log(10_000) * torch.arange(0, h, 2) / h)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


def _row_where(rows: Tensor, one_hot: Tensor) -> Tensor:
    """`(B, h)` of `(B, n, h)`: the row that `(B, n)` marks with 1."""
    return (one_hot.unsqueeze(-1) * rows).sum(-2)


class PolicyDispatcher(Dispatcher):
    """Sends aircraft where the policy would most likely; one that may not fly there stays.

    Args:
        policy: CapTAIN, or another one that was trained on `FleetEnv`. masked: as its environment's.
    """

    def __init__(self, policy: ActorCritic, world: FleetWorld, *, masked: bool = True) -> None:
        self.policy = policy
        self.observer = Observer(world, masked=masked)

    def choose(self, day: FleetDay) -> int:
        """The likeliest vertiport."""
        return self._choices([day])[0]

    def operate(self, scenarios: Iterable[Scenario]) -> list[FleetDay]:
        """Whole days, over: as `operate` does one, but the network sees all of them at once."""
        days = [FleetDay(scenario) for scenario in scenarios]
        while going := [day for day in days if not day.over]:
            for day, choice in zip(going, self._choices(going), strict=True):
                day.decide(choice)
        return days

    @torch.no_grad()
    def _choices(self, days: Sequence[FleetDay]) -> list[int]:
        seen = [self.observer(day) for day in days]
        obs = {name: torch.as_tensor(np.stack([each[name] for each in seen])) for name in seen[0]}
        wanted = self.policy.make(self.policy.params(obs), obs["mask"].bool()).mode().tolist()
        return [to if day.mask()[to] else day.aircraft.place for day, to in zip(days, wanted, strict=True)]
