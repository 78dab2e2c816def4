"""A chain of two states, each left by one phrase of three words only: what credit by word is worth.

    state 0  --"a a a"-->  state 1  --"b b b"-->  +1

Any other phrase stays where it is; the eighth action without success ends the episode with −1. The policy is a network
of one hidden layer on state and prefix, actor and critic apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ....trainers.environments import Reply
from ....trainers.papers.poad import Evaluation, WindowConfig, train_windows
from ...checks import follow
from ...experiment import Result, Setting

STATES, WORDS_IN_PHRASE, WORDS, HORIZON, ENVIRONMENTS, HIDDEN = 2, 3, 3, 8, 4, 64


@dataclass
class Chain:
    """The phrase of a state is the word of its number, so many times."""

    state: int = 0
    actions: int = 0
    finished: list[bool] = field(default_factory=list)

    @property
    def observation(self) -> str:
        return str(self.state)

    def step(self, said: str) -> Reply:
        self.actions += 1
        if said == " ".join([str(self.state)] * WORDS_IN_PHRASE):
            self.state += 1
        succeeded, over = self.state == STATES, self.actions == HORIZON
        if not (succeeded or over):
            return Reply()
        self.finished.append(succeeded)
        self.state = self.actions = 0
        return Reply(reward=1.0 if succeeded else -1.0, done=True)


class PhrasePolicy(nn.Module):
    """`TokenPolicy` of three words an action, on one-hot state and prefix."""

    def __init__(self) -> None:
        super().__init__()
        inputs = STATES + WORDS_IN_PHRASE * WORDS
        self.actor = nn.Sequential(nn.Linear(inputs, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, WORDS))
        self.critic = nn.Sequential(nn.Linear(inputs, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))

    def _inputs(self, observations: Sequence[str], actions: Sequence[Sequence[int]]) -> Tensor:
        """`(N, 3, inputs)`: the state, and the words before each word."""
        states = nn.functional.one_hot(torch.tensor([int(shown) for shown in observations]), STATES)
        words = nn.functional.one_hot(torch.tensor(actions), WORDS)
        rows = []
        for place in range(WORDS_IN_PHRASE):
            known = words.clone()
            known[:, place:] = 0
            rows.append(torch.cat([states, known.flatten(1)], dim=1))
        return torch.stack(rows, dim=1).float()

    def act(self, observations: Sequence[str], generator: torch.Generator | None) -> list[list[int]]:
        actions = torch.zeros(len(observations), WORDS_IN_PHRASE, dtype=torch.long)
        for place in range(WORDS_IN_PHRASE):
            chances = self.actor(self._inputs(observations, actions.tolist())[:, place]).softmax(-1)
            actions[:, place] = torch.multinomial(chances, 1, generator=generator).squeeze(1)
        return actions.tolist()

    def text(self, action: Sequence[int]) -> str:
        return " ".join(map(str, action))

    def evaluate(self, observations: Sequence[str], actions: Sequence[Sequence[int]]) -> Evaluation:
        inputs = self._inputs(observations, actions)
        every = self.actor(inputs).log_softmax(-1)
        chosen = torch.tensor(actions)
        return Evaluation(
            logps=every.gather(-1, chosen.unsqueeze(-1)).squeeze(-1),
            entropies=-(every.exp() * every).sum(-1),
            values=self.critic(inputs).squeeze(-1),
            mask=torch.ones_like(chosen),
        )

    def state_values(self, observations: Sequence[str]) -> Tensor:
        nothing = [[0] * WORDS_IN_PHRASE] * len(observations)
        values: Tensor = self.critic(self._inputs(observations, nothing)[:, 0]).squeeze(-1)
        return values

    def actor_parameters(self) -> Iterator[nn.Parameter]:
        return self.actor.parameters()

    def critic_parameters(self) -> Iterator[nn.Parameter]:
        return self.critic.parameters()


def run_arm(setting: Setting, settings: Mapping[str, Any]) -> Result:
    """Train one arm; success is that of the episodes that ended in a window."""
    torch.manual_seed(setting.seed)
    generator = torch.Generator().manual_seed(setting.seed)
    policy, chains = PhrasePolicy(), [Chain() for _ in range(ENVIRONMENTS)]
    config = WindowConfig(steps=64, epochs=4, mini_batches=4, max_kl=float("inf"), **settings)
    optimizers = [
        torch.optim.Adam(parameters, lr=3e-3) for parameters in (policy.actor.parameters(), policy.critic.parameters())
    ]

    def measured() -> Iterator[dict[str, float]]:
        success = 0.0
        for _ in train_windows(policy, chains, config, optimizers[0], optimizers[1], setting.steps, generator):
            ended = [done for chain in chains for done in chain.finished]
            success = sum(ended) / len(ended) if ended else success
            for chain in chains:
                chain.finished.clear()
            yield {"success": success}

    result = follow(setting, measured(), first=1)
    return result.with_final(mean=result.mean("success"))
