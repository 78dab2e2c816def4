"""Where pairs come from matters when the policy cannot follow the reward: 300 answers, exact probabilities.

    r(y) = s − (b/2) s²,  s = u·x                             too much of a good thing; b = 0: the policy can follow it
    π_θ(y) ∝ π_sft(y) · exp( θ·x )                            of the reward it knows the linear part only
    P(y_i beats y_j) = σ( r_i − r_j )                         who labels the pairs
    L(θ) = −log σ( γ θ·(x_w − x_l) )                          sigmoid-norm

The best θ depends on where the pairs lie: around π_sft the slope of the reward is another than around π_r.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ....rewards.preferences import rejection_sample
from ....trainers.papers.rso import rso_loss
from ...claims import above, below
from ...experiment import Claim, Experiment, Measure, Result, Setting

ANSWERS, FEATURES, CANDIDATES, KEPT = 300, 4, 64, 8
PAIRS, GAMMA = 1000, 0.25
CURVED = 1.0


@dataclass(frozen=True)
class World:
    """x: `(n, 4)` features. reward: `(n,)` r. sft: `(n,)` π_sft."""

    x: Tensor
    reward: Tensor
    sft: Tensor

    @classmethod
    def drawn(cls, seed: int, curved: float) -> World:
        """A world of a seed."""
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(ANSWERS, FEATURES, generator=generator, dtype=torch.float64)
        u = torch.randn(FEATURES, generator=generator, dtype=torch.float64)
        s = x @ (u / u.norm())
        sft = torch.randn(ANSWERS, generator=generator, dtype=torch.float64).mul(0.5).softmax(0)
        return cls(x, s - curved / 2 * s.square(), sft)

    @property
    def target(self) -> Tensor:
        """π_r `(n,)`."""
        return (self.sft.log() + self.reward / GAMMA).softmax(0)

    def policy(self, theta: Tensor) -> Tensor:
        """π_θ `(n,)`."""
        return (self.sft.log() + self.x @ theta).softmax(0)

    def label(self, pairs: list[tuple[int, int]], rng: random.Random) -> tuple[Tensor, Tensor]:
        """Winners and losers `(m,)` by Bradley and Terry."""
        i, j = torch.tensor(pairs).unbind(1)
        drawn = torch.tensor([rng.random() for _ in pairs])
        first = drawn < torch.sigmoid(self.reward[i] - self.reward[j])
        return torch.where(first, i, j), torch.where(first, j, i)

    def worth(self, theta: Tensor) -> dict[str, float]:
        """How good a policy is, over all answers and over all pairs that π_r would draw."""
        policy, target, scores = self.policy(theta), self.target, GAMMA * self.x @ theta
        pairs = target[:, None] * target[None, :]
        wins = torch.sigmoid(self.reward[:, None] - self.reward[None, :])
        log_loss = binary_cross_entropy_with_logits(
            scores[:, None] - scores[None, :], wins, weight=pairs, reduction="sum"
        )
        return {
            "log_loss": log_loss.item(),
            "reward": (policy @ self.reward).item(),
            "kl": (target * (target.log() - policy.log())).sum().item(),
        }


def sft_pairs(world: World, rng: random.Random) -> list[tuple[int, int]]:
    """Pairs of answers of the SFT policy."""
    drawn = rng.choices(range(ANSWERS), world.sft.tolist(), k=2 * PAIRS)
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def rso_pairs(world: World, rng: random.Random) -> list[tuple[int, int]]:
    """First-round pairs of 8 answers that rejection sampling keeps of 64."""
    pairs: list[tuple[int, int]] = []
    while len(pairs) < PAIRS:
        drawn = rng.choices(range(ANSWERS), world.sft.tolist(), k=CANDIDATES)
        kept = list(rejection_sample(world.reward[drawn].tolist(), KEPT, GAMMA, rng).indices)
        rng.shuffle(kept)
        pairs += [(drawn[i], drawn[j]) for i, j in zip(kept[::2], kept[1::2], strict=True)]
    return pairs


def best_worst_pairs(world: World, rng: random.Random) -> list[tuple[int, int]]:
    """The best and the worst of 64 answers."""
    pairs = []
    for _ in range(PAIRS):
        drawn = rng.choices(range(ANSWERS), world.sft.tolist(), k=CANDIDATES)
        ranked = sorted(drawn, key=world.reward.tolist().__getitem__)
        pairs.append((ranked[-1], ranked[0]))
    return pairs


ARMS: Mapping[str, tuple[str, Callable[[World, random.Random], list[tuple[int, int]]]]] = {
    "sft": ("pairs of SFT samples", sft_pairs),
    "best-worst": ("best and worst of 64", best_worst_pairs),
    "rso": ("RSO, 8 of 64", rso_pairs),
}


def fitted(world: World, winners: Tensor, losers: Tensor, steps: int) -> Tensor:
    """θ that minimises the loss on labelled pairs."""
    theta = torch.zeros(FEATURES, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=steps, line_search_fn="strong_wolfe")
    sft = world.sft.log()

    def closure() -> Tensor:
        optimizer.zero_grad()
        logps = world.policy(theta).log()
        loss = rso_loss(logps[winners], logps[losers], sft[winners], sft[losers], gamma=GAMMA).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    return theta.detach()


def run(setting: Setting, curved: float = CURVED) -> Result:
    """Fit one arm."""
    world, rng = World.drawn(setting.seed, curved), random.Random(f"{setting.arm}/{setting.seed}")
    winners, losers = world.label(ARMS[setting.arm][1](world, rng), rng)
    worth = world.worth(fitted(world, winners, losers, setting.steps))
    setting.listen(setting.steps, worth)
    return Result(final=worth, start=world.worth(torch.zeros(FEATURES, dtype=torch.float64)))


def run_straight(setting: Setting) -> Result:
    """The same with a reward that the policy can follow."""
    return run(setting, curved=0.0)


MEASURES = {
    "log_loss": Measure("log-loss on pairs of π_r", ".4f"),
    "reward": Measure("reward of the policy", ".2f"),
    "kl": Measure("KL(π_r, π)", ".2f"),
}


EXPERIMENT = Experiment(
    name="rso-policy",
    title="A linear policy and a curved reward: 1000 labelled pairs from three sources",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures=MEASURES,
    run=run,
    steps=100,
    quick_steps=20,
    claims=(
        Claim(
            "RSO's pairs give a lower log-loss on pairs of π_r than pairs of SFT samples",
            below("rso", "sft", "log_loss"),
        ),
        Claim("and a smaller KL(π_r, π)", below("rso", "sft", "kl")),
        Claim("and a policy with a higher reward", above("rso", "sft", "reward")),
    ),
    step_name="iterations",
)

STRAIGHT = Experiment(
    name="rso-policy-straight",
    title="The same with a reward that the policy can follow",
    arms=EXPERIMENT.arms,
    measures=MEASURES,
    run=run_straight,
    steps=100,
    quick_steps=20,
    claims=(
        Claim(
            "Where pairs come from makes little difference: both KL below 0.1",
            lambda results: max(results[arm].final["kl"] for arm in ("sft", "rso")) < 0.1,
        ),
    ),
    step_name="iterations",
)
