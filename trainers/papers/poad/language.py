"""A causal language model as a `TokenPolicy`: it writes its actions freely, or chooses one from a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...critic import Contexts, Critic, backbone_of
from .windows import Evaluation


class LanguagePolicy:
    """Actor and critic on text.

        policy = LanguagePolicy(model, tokenizer, admissible=lambda observation: ["open the door", "wait"])

    With `admissible`, an action is drawn with a chance proportional to exp(Σ log π / number of words), as the authors
    do; what is learnt are the tokens' own log-probabilities all the same, and the method accepts the mismatch. Without
    it the action is sampled token by token up to the end token: the clean case. An end token belongs to the action only
    if the policy wrote it.

    Args:
        model: with or without an adapter; what of it is trainable is the actor.
        critic: by default a copy of the model's transformer with a head of its own.
        max_action_tokens: of an action that is written.

    Raises:
        ValueError: less than one token an action.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        critic: Critic | None = None,
        admissible: Callable[[str], Sequence[str]] | None = None,
        max_action_tokens: int = 10,
    ) -> None:
        if max_action_tokens < 1:
            raise ValueError(f"max_action_tokens={max_action_tokens}: give 1 or more")
        self.model, self.tokenizer, self.admissible = model, tokenizer, admissible
        self.critic = (critic or Critic(backbone_of(model))).to(model.device)
        self.max_action_tokens = max_action_tokens

    def act(self, observations: Sequence[str], generator: torch.Generator | None = None) -> list[list[int]]:
        """Raises ValueError where nothing is admissible, or an admissible action has no token."""
        if self.admissible is None:
            return self._written(observations, generator)
        return [
            self._chosen(observation, list(self.admissible(observation)), generator) for observation in observations
        ]

    def text(self, action: Sequence[int]) -> str:
        """Without special tokens."""
        return str(self.tokenizer.decode(action, skip_special_tokens=True))

    def evaluate(self, observations: Sequence[str], actions: Sequence[Sequence[int]]) -> Evaluation:
        """One pass of the model and one of the critic."""
        contexts = self._contexts(observations)
        width = max(map(len, actions))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[*action, *[pad] * (width - len(action))] for action in actions], device=self.model.device)
        lengths = torch.tensor([len(action) for action in actions], device=ids.device)
        mask = (torch.arange(width, device=ids.device) < lengths.unsqueeze(1)).long()
        every = self._next(contexts, ids)[:, :-1]
        return Evaluation(
            logps=every.gather(-1, ids.unsqueeze(-1)).squeeze(-1),
            entropies=-(every.exp() * every).sum(-1),
            values=self.critic(contexts, ids),
            mask=mask,
        )

    def state_values(self, observations: Sequence[str]) -> Tensor:
        """The value before an action's first token, whatever that will be."""
        contexts = self._contexts(observations)
        unknown = torch.full((len(observations), 1), self.tokenizer.pad_token_id, device=self.model.device)
        return self.critic(contexts, unknown)[:, 0]

    def actor_parameters(self) -> Iterator[nn.Parameter]:
        """What of the model is trainable."""
        return (parameter for parameter in self.model.parameters() if parameter.requires_grad)

    def critic_parameters(self) -> Iterator[nn.Parameter]:
        """What of the critic is trainable."""
        return (parameter for parameter in self.critic.parameters() if parameter.requires_grad)

    def _contexts(self, observations: Sequence[str]) -> Contexts:
        pad = self.tokenizer.pad_token_id
        rows = [ids or [pad] for ids in self.tokenizer(list(observations), add_special_tokens=False)["input_ids"]]
        return Contexts.of(rows, pad, self.model.device)

    def _next(self, contexts: Contexts, ids: Tensor) -> Tensor:
        """`(N, J + 1, V)` log-probabilities of each token of the actions, and of the one behind them."""
        whole = torch.cat([contexts.ids, ids], dim=1)
        mask = torch.cat([contexts.mask, torch.ones_like(ids)], dim=1)
        logits = self.model(input_ids=whole, attention_mask=mask).logits[:, contexts.ids.size(1) - 1 :]
        return torch.log_softmax(logits.float(), dim=-1)

    @torch.no_grad()
    def _written(self, observations: Sequence[str], generator: torch.Generator | None) -> list[list[int]]:
        contexts, end = self._contexts(observations), self.tokenizer.eos_token_id
        ids = contexts.ids.new_empty(len(observations), 0)
        for _ in range(self.max_action_tokens):
            drawn = torch.multinomial(self._next(contexts, ids)[:, -1].exp(), 1, generator=generator)
            ids = torch.cat([ids, drawn], dim=1)
            if (ids == end).any(1).all():
                break
        return [row[: row.index(end) + 1] if end in row else row for row in ids.tolist()]

    @torch.no_grad()
    def _chosen(self, observation: str, phrases: list[str], generator: torch.Generator | None) -> list[int]:
        actions = self.tokenizer(phrases, add_special_tokens=False)["input_ids"] if phrases else []
        if not actions or not all(actions):
            raise ValueError(f"admissible gave {phrases!r} for {observation!r}: give actions of a token or more")
        found = self.evaluate([observation] * len(actions), actions)
        words = torch.tensor([max(len(phrase.split()), 1) for phrase in phrases], device=found.logps.device)
        weights = ((found.logps * found.mask).sum(1) / words).softmax(0)
        return list(actions[int(torch.multinomial(weights, 1, generator=generator))])
