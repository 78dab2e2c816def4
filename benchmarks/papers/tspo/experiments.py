"""TSPO's agent against similarity alone: frames of a clip that has the answer, among frames of one that nearly has it.

Features are synthetic. The reader is deterministic: it answers rightly when three of the chosen frames are relevant.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ....judges import judge
from ....trainers.papers.tspo import (
    TemporalAgent,
    TSPOConfig,
    TSPOTrainer,
    Video,
    accuracy,
    inference_select,
    needle,
    similarity,
    temporal,
)
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting

D, T, K, CLIP, KINDS, NEEDED = 32, 64, 8, 8, 4, 3
HELD_OUT, EVERY = 60, 80


@judge(name="shuffled")
def shuffled(completion: str, selected: list[int], shuffled_mask: list[int]) -> float:
    """The temporal reward by a mask that has nothing to do with the frames."""
    return fmean(shuffled_mask[frame] for frame in selected)


# name -> (label, reward; None: not trained)
ARMS: dict[str, tuple[str, Any]] = {
    "similarity": ("similarity alone", None),
    "untrained": ("the agent, untrained", None),
    "permuted": ("rewards of permuted masks", shuffled),
    "accuracy": ("accuracy alone", accuracy),
    "needle": ("frames alone", temporal),
    "tspo": ("accuracy and frames", needle),
}


class World:
    """Questions of four kinds; in each video a clip of the kind and one of another kind, which looks the same but for
    its question's direction."""

    def __init__(self, seed: int) -> None:
        self.dice = torch.Generator().manual_seed(seed)
        basis = torch.linalg.qr(torch.randn(D, D, generator=torch.Generator().manual_seed(7)))[0]
        self.questions, self.looks = basis[:KINDS], basis[KINDS : 2 * KINDS]

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.dice))

    def video(self) -> Video:
        """One question with its haystack."""
        frames = torch.randn(T, D, generator=self.dice) / D**0.5
        kind = self._number(KINDS)
        other = (kind + 1 + self._number(KINDS - 1)) % KINDS
        first, second = torch.randperm(T // CLIP, generator=self.dice)[:2].tolist()
        for place, asked, shown in ((first, kind, kind), (second, kind, other)):
            span = slice(place * CLIP, (place + 1) * CLIP)
            frames[span] += 0.3 * self.questions[asked if place == first else shown] + 0.954 * self.looks[shown]
        mask = [int(place // CLIP == first) for place in range(T)]
        order = torch.randperm(T, generator=self.dice).tolist()
        columns = {"relevant_mask": mask, "shuffled_mask": [mask[place] for place in order], "solution": "a"}
        return Video(frames, self.questions[kind : kind + 1], columns)

    def __iter__(self) -> Iterator[Video]:
        while True:
            yield self.video()


def reader(video: Video, frames: list[int]) -> str:
    """The right letter when enough of the frames are relevant."""
    return "a" if sum(video.columns["relevant_mask"][frame] for frame in frames) >= NEEDED else "b"


def measured(score: Any, seed: int) -> dict[str, float]:
    """Share of the best eight frames that are relevant, and right answers, on videos that nobody trained on."""
    world = World(1000 + seed)
    hits, right = [], []
    for _ in range(HELD_OUT):
        video = world.video()
        frames = inference_select(score(video), K).tolist()
        hits.append(fmean(video.columns["relevant_mask"][frame] for frame in frames))
        right.append(reader(video, frames) == "a")
    return {"hits": fmean(hits), "accuracy": fmean(right)}


def run(setting: Setting) -> Result:
    """Train one arm, or measure one that is not trained."""
    torch.manual_seed(setting.seed)
    agent = TemporalAgent(D, num_heads=4)

    @torch.no_grad()
    def by_agent(video: Video) -> Tensor:
        return agent(video.frames, video.text, similarity(video.frames, video.text), 0.01)

    if setting.arm == "similarity":
        found = measured(lambda video: similarity(video.frames, video.text), setting.seed)
        return Result(found, {"hits": [(0, found["hits"]), (setting.steps, found["hits"])]})
    curve = [(0, measured(by_agent, setting.seed)["hits"])]
    reward = ARMS[setting.arm][1]
    if reward is not None:
        config = TSPOConfig(max_steps=setting.steps, k=K, learning_rate=2e-3, accumulation=1, seed=setting.seed)
        trainer = TSPOTrainer(agent, iter(World(setting.seed)), reader, reward, config)

        def listen(step: int, log: Any) -> None:
            setting.listen(step, log)
            if step % EVERY == 0:
                curve.append((step, measured(by_agent, setting.seed)["hits"]))

        trainer.train(listen)
    found = measured(by_agent, setting.seed)
    return Result(found, {"hits": [*curve, (setting.steps, found["hits"])]})


EXPERIMENTS = (
    Experiment(
        name="tspo",
        title="Eight of sixty-four frames, and a clip that looks like the one that is asked for",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={"hits": Measure("relevant frames", ".3f", curve=True), "accuracy": Measure("reader right", ".2f")},
        run=run,
        steps=400,
        quick_steps=4,
        claims=(
            Claim(
                "trained, it is above similarity alone by 0.2",
                lambda r: r["tspo"].final["hits"] > r["similarity"].final["hits"] + 0.2,
            ),
            Claim("accuracy alone improves on similarity too", above("accuracy", "similarity", "hits")),
            Claim("both rewards are above accuracy alone", above("tspo", "accuracy", "hits")),
            Claim(
                "permuted masks teach nothing: within 0.1 of the untrained agent",
                lambda r: abs(r["permuted"].final["hits"] - r["untrained"].final["hits"]) <= 0.1,
            ),
        ),
    ),
)
