"""Train the agent: draw G selections of frames, let the frozen reader answer, learn from the rewards of the group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ....rewards import Reward, as_reward
from .agent import TemporalAgent, similarity
from .loss import Likelihood, tspo_loss
from .selection import gumbel_noise, tau_schedule

CHECKPOINT = "tspo.pt"


@dataclass(frozen=True)
class Video:
    """A question about a video: frames `(T, D)` and text `(N, D)` as features, and what reader and reward need."""

    frames: Tensor
    text: Tensor
    columns: Mapping[str, Any]
    prompt: Any = None


@dataclass
class TSPOConfig:
    """The released settings.

    Raises:
        ValueError: fewer than two selections in a group, or no frame in one.
    """

    max_steps: int
    k: int = 16
    num_generations: int = 8
    learning_rate: float = 5e-4
    accumulation: int = 2
    tau0: float = 0.025
    tau_end: float = 0.01
    likelihood: Likelihood = "marginal"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_generations < 2 or self.k < 1:
            raise ValueError(
                f"num_generations={self.num_generations}, k={self.k}: give 2 selections or more, of 1 frame"
            )


class TSPOTrainer:
    """Learns which frames to show.

        trainer = TSPOTrainer(agent, videos, reader, needle, TSPOConfig(max_steps=400))
        trainer.train(lambda step, log: print(step, log["reward"]))

    Args:
        agent: a `TemporalAgent`; nothing else is trained.
        videos: an endless iterator of `Video`.
        reader: (video, frames chosen) -> completion: a frozen video model, asked once a selection, greedily.
        reward: a judge or composed reward; it reads the video's columns and `selected`.
    """

    def __init__(
        self,
        agent: TemporalAgent,
        videos: Iterator[Video],
        reader: Callable[[Video, list[int]], str],
        reward: Any,
        config: TSPOConfig,
    ) -> None:
        self.agent, self.videos, self.reader, self.config = agent, videos, reader, config
        self.reward: Reward = as_reward(reward)
        self.optimizer = torch.optim.AdamW(agent.parameters(), lr=config.learning_rate)
        self.dice = torch.Generator().manual_seed(config.seed)
        self.step = 0

    def train(self, listen: Callable[[int, Mapping[str, float]], None] = lambda step, log: None) -> None:
        """Take the steps that are left."""
        while self.step < self.config.max_steps:
            logs = [self._group(next(self.videos)) for _ in range(self.config.accumulation)]
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.step += 1
            listen(self.step, {name: sum(log[name] for log in logs) / len(logs) for name in logs[0]})

    def _group(self, video: Video) -> dict[str, float]:
        config = self.config
        tau = tau_schedule(self.step, tau0=config.tau0, tau_end=config.tau_end, max_steps=config.max_steps)
        logits = self.agent(video.frames, video.text, similarity(video.frames, video.text), tau)
        noise = gumbel_noise((config.num_generations, len(logits)), self.dice, logits.dtype)
        drawn = (logits.detach() + noise).topk(min(config.k, len(logits)), dim=1).indices  # in the order of drawing
        rewards = self.score(video, [sorted(one) for one in drawn.tolist()])
        loss, advantages = tspo_loss(logits, drawn, rewards, likelihood=config.likelihood)
        if advantages.any():
            (loss / config.accumulation).backward()
        known = rewards[~rewards.isnan()]
        return {
            "reward": float(known.mean()) if len(known) else math.nan,
            "alive": float(bool(advantages.any())),
            "tau": tau,
        }

    def score(self, video: Video, selections: Sequence[list[int]]) -> Tensor:
        """`(G,)` rewards of selections, each in the order of time; NaN where the reward abstains."""
        completions = [self.reader(video, frames) for frames in selections]
        columns = {name: [value] * len(selections) for name, value in video.columns.items()}
        verdicts = self.reward.verdicts(
            completions, [video.prompt] * len(selections), selected=list(selections), **columns
        )
        return torch.tensor([math.nan if v.score is None else v.score for v in verdicts], dtype=video.frames.dtype)

    def save(self, folder: str | Path) -> None:
        """Agent, optimizer, step and dice; the iterator of videos is the caller's."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        state = {
            "agent": self.agent.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "dice": self.dice.get_state(),
            "config": asdict(self.config),
        }
        torch.save(state, Path(folder) / CHECKPOINT)

    def load(self, folder: str | Path) -> None:
        """Go on where `save` was called.

        Raises:
            ValueError: it was saved with another config.
        """
        state = torch.load(Path(folder) / CHECKPOINT)
        if state["config"] != asdict(self.config):
            raise ValueError(f"{folder} was saved with {state['config']}, and this is {asdict(self.config)}")
        self.agent.load_state_dict(state["agent"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.dice.set_state(state["dice"])
