"""CORAG's tree search against top-k, greedy, beam and random search with as many calls, on contexts that interact."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean

import torch

from ....trainers.papers.corag import (
    ConfigurationAgent,
    Found,
    Settings,
    beam,
    exhaustive,
    greedy,
    mcts_search,
    random_search,
    top_k,
    train_agent,
)
from ...claims import above, below
from ...experiment import Claim, Experiment, Measure, Result, Setting

CHUNKS, INSTANCES, ITERATIONS = 8, 20, 30
Score = Callable[[Sequence[tuple[int, ...]]], list[float | None]]

# Every search sees (score, costs, budget, calls that the tree search took, seed).
ARMS: dict[str, tuple[str, Callable[..., Found]]] = {
    "random": ("random, as many calls", lambda s, c, b, calls, seed: random_search(s, c, b, calls, seed)),
    "top-k": ("top-k, single scores", lambda s, c, b, calls, seed: top_k(s, c, b)),
    "greedy": ("greedy", lambda s, c, b, calls, seed: greedy(s, c, b)),
    "beam": ("beam of 2, no early stop", lambda s, c, b, calls, seed: beam(s, c, b, 2)),
    "beam-4": ("beam of 4, no early stop", lambda s, c, b, calls, seed: beam(s, c, b, 4)),
    "mcts": ("tree search, C = 0.3 sd", lambda s, c, b, calls, seed: tree(s, c, b)),
    "mcts-published": ("tree search, C = 2.4 as published", lambda s, c, b, calls, seed: tree(s, c, b, C=2.4)),
    "mcts-code": ("the code's form, C = 0.1", lambda s, c, b, calls, seed: tree(s, c, b, C=0.1, variant="code")),
}


def tree(score: Score, costs: Sequence[float], budget: float, **settings: object) -> Found:
    """The paper's search in 30 iterations."""
    return mcts_search(score, costs, budget, Settings(lam=0.0, iterations=ITERATIONS, **settings))  # type: ignore[arg-type]


def instance(seed: int, chunks: int = CHUNKS) -> tuple[Score, list[int]]:
    """Chunks whose worth lies in themselves, in pairs, in their order, and in there not being too many."""
    rng = random.Random(f"corag/{seed}")
    unit = [rng.gauss(0, 0.5) for _ in range(chunks)]
    draw = [[rng.gauss(0, 0.5) for _ in range(chunks)] for _ in range(chunks)]
    order = [[rng.gauss(0, 0.3) for _ in range(chunks)] for _ in range(chunks)]
    costs = [rng.randint(5, 19) for _ in range(chunks)]

    def worth(said: tuple[int, ...]) -> float:
        pairs = [(a, b) for place, b in enumerate(said) for a in said[:place]]
        synergy = sum((draw[a][b] + draw[b][a]) / 2 + order[a][b] for a, b in pairs)
        return 1 / (1 + math.exp(-(sum(unit[c] for c in said) + synergy - 0.25 * (len(said) - 1) ** 2)))

    return lambda orders: [worth(said) for said in orders], costs


def run(setting: Setting) -> Result:
    """One search on twenty instances; regret is what the best of all orders scores more."""
    search, regrets, calls = ARMS[setting.arm][1], [], []
    count = 3 if setting.quick else INSTANCES
    for number in range(count):
        score, costs = instance(setting.seed * INSTANCES + number)
        budget = sum(costs) / 2
        found = search(score, costs, budget, tree(score, costs, budget).scored, number)
        regrets.append((exhaustive(score, costs, budget).score or 0.0) - (found.score or 0.0))
        calls.append(found.scored)
        setting.listen(number + 1, {"regret": fmean(regrets)})
    return Result({"regret": fmean(regrets), "best": fmean(r < 1e-9 for r in regrets), "calls": fmean(calls)})


CLASSES, DIMENSION, QUERIES = 6, 32, 600


def queries(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Query and candidate embeddings around a centre a class, the best class, and the best C, iterations and λ."""
    dice = torch.Generator().manual_seed(seed)
    centres = torch.randn(CLASSES, DIMENSION, generator=dice)
    classes = torch.randint(CLASSES, (QUERIES,), generator=dice)
    noise = partial(torch.randn, generator=dice)
    embeddings = centres[classes] + noise(QUERIES, DIMENSION)
    context = centres[classes].roll(1, 1) + noise(QUERIES, DIMENSION)
    params = torch.stack([2 + classes / 3, 10.0 + 6 * classes, classes / CLASSES], 1) + 0.05 * noise(QUERIES, 3)
    return embeddings, context, classes, params


AGENTS = {"plain": ("cross-entropy and regression", 0.0), "contrastive": ("and the contrastive term", 1.0)}


def run_agent(setting: Setting) -> Result:
    """Train the agent on two thirds of the queries, ask it about the others."""
    torch.manual_seed(setting.seed)
    query, context, classes, params = queries(setting.seed)
    cut = 2 * QUERIES // 3
    agent = ConfigurationAgent(DIMENSION, CLASSES, hidden=128)
    scale = train_agent(agent, (query[:cut], context[:cut]), classes[:cut], params[:cut], epochs=setting.steps,
                        alpha=AGENTS[setting.arm][1], seed=setting.seed)  # fmt: skip
    with torch.no_grad():
        logits, settings = agent(query[cut:], context[cut:])
    kinds = classes[cut:]
    gaps = torch.cdist(torch.nn.functional.normalize(logits, dim=1), torch.nn.functional.normalize(logits, dim=1))
    same = kinds[:, None] == kinds[None]
    return Result(
        {
            "accuracy": (logits.argmax(1) == kinds).float().mean().item(),
            "iterations": (scale.restored(settings)[:, 1] - params[cut:, 1]).abs().mean().item(),
            "together": (gaps[same].mean() / gaps[~same].mean()).item(),
        }
    )


EXPERIMENTS = (
    Experiment(
        name="corag",
        title="Twenty contexts of eight chunks that interact, half of the tokens to spend",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "regret": Measure("regret", ".4f"),
            "best": Measure("best of all found", ".2f"),
            "calls": Measure("sequences scored", ".0f"),
        },
        run=run,
        steps=INSTANCES,
        quick_steps=3,
        step_name="instances",
        claims=(
            Claim("the tree search is below random search with as many calls", below("mcts", "random", "regret")),
            Claim("which is below top-k", below("random", "top-k", "regret")),
            Claim(
                "C as published is worse than C by the scale of the scores", below("mcts", "mcts-published", "regret")
            ),
            Claim("the tree search is below a beam of 2", below("mcts", "beam", "regret")),
        ),
    ),
    Experiment(
        name="corag-agent",
        title="Queries whose best score function depends on where their embedding lies",
        arms={name: label for name, (label, _) in AGENTS.items()},
        measures={
            "accuracy": Measure("right class", ".3f"),
            "iterations": Measure("error of iterations", ".2f"),
            "together": Measure("distance within a class, over between", ".3f"),
        },
        run=run_agent,
        steps=30,
        quick_steps=2,
        step_name="epochs",
        claims=(
            Claim("the agent is right on more than 0.9", lambda r: r["contrastive"].final["accuracy"] > 0.9),
            Claim("the contrastive term brings a class together", above("plain", "contrastive", "together")),
        ),
    ),
)
