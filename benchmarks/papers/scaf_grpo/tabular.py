"""A policy of numbers: questions with twelve answers, a table of logits that plain and hinted prompts share.

No network and no text; what is left is the ladder, the replacement and the loss. Four easy questions and four hard
ones, whose right answer has a chance of about 1e-5; a rung adds 1.2 to its logit.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ....trainers.objectives import clipped_token_mean
from ....trainers.papers.scaf_grpo import cliffs, group_update
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

QUESTIONS, ANSWERS, GROUP, RUNGS, PER_RUNG = 8, 12, 8, 12, 1.2
STEPS, EXEMPT, EVERY = 300, 45, 10
RIGHT, EASY = 0, slice(0, 4)
HARD = slice(4, 8)


def train(seed: int, *, helped: bool, steps: int = STEPS, exempt: int = EXEMPT) -> Iterator[dict[str, float]]:
    """Yield P(right) without hints and the share of groups that were helped, before training and after every step."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.zeros(QUESTIONS, ANSWERS)
    logits[EASY, RIGHT], logits[HARD, RIGHT] = 2.0, -9.0
    logits.requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.05)
    groups = [place // GROUP for place in range(QUESTIONS * GROUP)]
    yield _worth(logits, 0)
    for step in range(1, steps + 1):
        drawn = torch.multinomial(logits.detach().softmax(-1), GROUP, replacement=True, generator=generator).flatten()
        rewards = [float(answer == RIGHT) for answer in drawn.tolist()]
        bonus, wins = torch.zeros(len(groups), ANSWERS), {}
        if helped and step > exempt:
            for question, row in cliffs(rewards, groups).items():
                rung = _first_success(logits.detach()[groups[row]], generator)
                wins[question] = None if rung is None else 1.0
                if rung is not None:  # learnt under its hinted prompt
                    drawn[row], bonus[row, RIGHT] = RIGHT, PER_RUNG * rung
        update = group_update(rewards, groups, wins, step, exempt)
        logps = (logits.repeat_interleave(GROUP, 0) + bonus).log_softmax(-1).gather(1, drawn.unsqueeze(1))
        gains = update.advantages.float()
        loss = clipped_token_mean(logps, logps.detach(), gains, torch.ones_like(logps), dual_clip=3.0).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield _worth(logits, len(update.replaced_row))


def _first_success(logits: Tensor, generator: torch.Generator) -> int | None:
    """The first rung under which one sample is right."""
    for rung in range(1, RUNGS + 1):
        hinted = logits.clone()
        hinted[RIGHT] += PER_RUNG * rung
        if torch.multinomial(hinted.softmax(-1), 1, generator=generator).item() == RIGHT:
            return rung
    return None


@torch.no_grad()
def _worth(logits: Tensor, helped: int) -> dict[str, float]:
    right = logits.softmax(-1)[:, RIGHT]
    return {"hard": right[HARD].mean().item(), "easy": right[EASY].mean().item(), "helped": helped / QUESTIONS}


def run(setting: Setting) -> Result:
    """Train one arm; measured every ten steps."""
    learning = train(setting.seed, helped=setting.arm == "scaf-grpo", steps=setting.steps)
    return follow(setting, learning, every=EVERY)


EXPERIMENT = Experiment(
    name="scaf-grpo-tabular",
    title="A policy of numbers, hard questions at 1e-5",
    arms={"grpo": "GRPO", "scaf-grpo": "Scaf-GRPO"},
    measures={
        "hard": Measure("P(right): hard, without hints", ".5f", curve=True),
        "easy": Measure("P(right): easy", ".3f"),
        "helped": Measure("share of groups helped", ".3f"),
    },
    run=run,
    steps=STEPS,
    quick_steps=4,
    claims=(
        Claim("Scaf-GRPO solves hard questions without hints, P ≥ 0.9", lambda r: r["scaf-grpo"].final["hard"] >= 0.9),
        Claim("GRPO stays near zero, P < 0.01", lambda r: r["grpo"].final["hard"] < 0.01),
        Claim(
            "Easy questions are solved by both, P ≥ 0.9",
            lambda r: min(r[arm].final["easy"] for arm in ("grpo", "scaf-grpo")) >= 0.9,
        ),
        Claim("In the end nobody is helped", lambda r: r["scaf-grpo"].final["helped"] == 0),
    ),
    step_name="updates",
)
