"""Four events in a row, written by a policy that likes to search before it plans: what each reward makes of the order.

The policy is a table: the next event by the place and by the event before. `STLJudge` asks for a search, and
that nothing is searched until there is a plan; a bag of words asks that both occur. GRPO's advantages for both; the
share of traces in the right order is exact, over all 256 traces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import torch
from torch import Tensor

from ....judges import STLJudge, judge
from ....trainers.grpo import grpo_advantages
from ....trainers.objectives import consecutive_groups
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

NAMES = ("plan", "search", "cite", "answer")
LENGTH, PROMPTS, GROUP, RATE, EVERY = 4, 16, 8, 2.0, 5
ORDERED = STLJudge("(!search U plan) & F search", source="completion")


@judge
def mentions(completion: str) -> float:
    """The share of plan and search that occur, in whatever order."""
    return ("plan" in completion) / 2 + ("search" in completion) / 2


REWARDS: dict[str, tuple[str, Callable[..., list[float | None]]]] = {
    "bag": ("GRPO, bag of words", mentions),
    "stl": ("GRPO, STLJudge", ORDERED),
}
TRACES = list(product(range(len(NAMES)), repeat=LENGTH))


def written(traces: Sequence[Sequence[int]]) -> list[str]:
    """Traces as a model writes them, lists of names in JSON."""
    return [json.dumps([NAMES[event] for event in trace]) for trace in traces]


def start(seed: int) -> Tensor:
    """(place, event before or none, event) logits of a policy that mostly searches first and plans then."""
    logits = 0.3 * torch.randn(LENGTH, len(NAMES) + 1, len(NAMES), generator=torch.Generator().manual_seed(seed))
    logits[0, :, NAMES.index("search")] += 2.0
    logits[1, :, NAMES.index("plan")] += 2.0
    return logits


def logps(logits: Tensor, traces: Tensor) -> Tensor:
    """(N,) of traces (N, LENGTH)."""
    before = torch.cat([torch.full_like(traces[:, :1], len(NAMES)), traces[:, :-1]], dim=1)
    each = logits[torch.arange(LENGTH), before].log_softmax(-1)
    return each.gather(-1, traces.unsqueeze(-1)).squeeze(-1).sum(1)


def train(reward: Callable[..., list[float | None]], *, seed: int, updates: int) -> Iterator[Tensor]:
    """Yield the logits before training and after every update."""
    generator = torch.Generator().manual_seed(100 + seed)
    everything, groups = torch.tensor(TRACES), consecutive_groups(PROMPTS * GROUP, GROUP)
    logits = start(seed)
    yield logits
    for _ in range(updates):
        drawn = torch.multinomial(logps(logits, everything).exp(), PROMPTS * GROUP, True, generator=generator)
        traces = everything[drawn]
        scores = torch.tensor(reward(completions=written(traces.tolist())), dtype=torch.float32)
        logits = logits.detach().requires_grad_()
        loss = -(grpo_advantages(scores, groups) * logps(logits, traces)).mean()
        (gradient,) = torch.autograd.grad(loss, logits)
        logits = (logits - RATE * gradient).detach()
        yield logits


def run(setting: Setting) -> Result:
    """Train one arm; what is measured is exact."""
    ordered = torch.tensor(ORDERED(completions=written(TRACES)))
    both = torch.tensor(mentions(completions=written(TRACES)))
    everything = torch.tensor(TRACES)

    def measured() -> Iterator[dict[str, float]]:
        for logits in train(REWARDS[setting.arm][1], seed=setting.seed, updates=setting.steps):
            shares = logps(logits, everything).exp()
            yield {"ordered": float(shares @ ordered), "both": float(shares @ (both == 1.0).float())}

    return follow(setting, measured(), every=EVERY)


def _raised(result: Result) -> float:
    return result.final["ordered"] - result.start["ordered"]


EXPERIMENT = Experiment(
    name="tgpo-events",
    title="A plan before the search: what a bag of words cannot ask for",
    arms={name: label for name, (label, _) in REWARDS.items()},
    measures={
        "ordered": Measure("a plan, then a search", curve=True),
        "both": Measure("plan and search both occur", curve=True),
    },
    run=run,
    steps=60,
    quick_steps=20,
    claims=(
        Claim("STLJudge: the share in order rises by 0.5", lambda found: _raised(found["stl"]) >= 0.5),
        Claim("the bag of words does not raise it", lambda found: _raised(found["bag"]) <= 0.0),
    ),
    step_name="updates",
)
