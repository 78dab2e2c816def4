"""A chain: one completion in the making, with who said what in it."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from trl.data_utils import is_conversational

MODEL = "assistant"  # the role whose words are the model's


@dataclass(slots=True)
class Turn:
    """What one speaker said: the tokens from `start` to the next turn, and `content` where that is not their text."""

    role: str
    start: int
    content: str | None = None


@dataclass(eq=False, slots=True)
class Chain:
    """One completion that `Objective.generate` draws: tokens of the model, and of others, under its prompt ids.

        chain.add("Within 50 words: ", trained=False)   # the model's words, but not learnt
        policy.extend([chain])                          # the policy goes on
        chain.add(result, role="tool")                  # in the context, never in the loss, never the answer

    A chain never holds more than `max_length` tokens: `add` cuts what does not fit.

    Attributes:
        prompt, row: as the data set has them; reward functions get this prompt, whatever `prompt_ids` are.
        slot: its place in its group, counted over all processes. group: number of its prompt, over all processes.
        prompt_ids: what the policy is conditioned on, in sampling and in the loss. A hint changes it.
        ids, trained, logprobs: a value a token. `trained` is False outside the loss, entropies, ratio and
            denominators; `logprobs` are those of the sampler, NaN where it gave none.
        columns: reach the reward functions and `rollout.rows`, beside the data set's.
        max_length: tokens it may hold.
        answer: how many of the tokens are the answer; None: all. What is drawn behind them is learnt, but not read: a
            canvas that is filled in any order has tokens behind the end of its text.
        measured: whether its rewards count in `reward` and `rewards/…` of the log; False for an answer that is put
            among the policy's own, to be imitated or compared with.
    """

    prompt: Any
    row: Mapping[str, Any]
    slot: int
    group: int
    prompt_ids: list[int]
    max_length: int
    tokenizer: Any = field(repr=False)
    end_ids: Collection[int]
    ids: list[int] = field(default_factory=list)
    trained: list[bool] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)
    answer: int | None = None
    measured: bool = True
    turns: list[Turn] = field(default_factory=list, repr=False)

    def add(
        self,
        ids_or_text: Sequence[int] | str,
        *,
        trained: bool = True,
        logprobs: Sequence[float] | None = None,
        role: str = MODEL,
        content: str | None = None,
    ) -> None:
        """Put tokens at the end; what another role than the model's says is never trained.

        content: what the message says, where that is not the text of the tokens (a tool's result in its template).

        Raises:
            ValueError: another number of log-probabilities than of tokens.
        """
        ids = self._tokens(ids_or_text)
        if logprobs is not None and len(logprobs) != len(ids):
            raise ValueError(f"{len(ids)} tokens came with {len(logprobs)} log-probabilities")
        given = [math.nan] * len(ids) if logprobs is None else [math.nan if p is None else p for p in logprobs]
        ids = ids[: self.room()]
        speaks = bool(ids) and not (self.turns and self.turns[-1].role == MODEL)
        if speaks or role != MODEL:
            self.turns.append(Turn(role, len(self.ids), content))
        self.ids += ids
        self.trained += [trained and role == MODEL] * len(ids)
        self.logprobs += given[: len(ids)]

    def _tokens(self, ids_or_text: Sequence[int] | str) -> list[int]:
        if not isinstance(ids_or_text, str):
            return list(ids_or_text)
        return list(self.tokenizer(ids_or_text, add_special_tokens=False)["input_ids"])

    def branch(self) -> Chain:
        """A chain with the same past and a future of its own."""
        return copy.copy(self)._with(**self.past)

    @property
    def past(self) -> dict[str, Any]:
        """All that was said so far, and the columns, for `follow`: also to be sent to another process."""
        return {
            "prompt_ids": list(self.prompt_ids),
            "ids": list(self.ids),
            "trained": list(self.trained),
            "logprobs": list(self.logprobs),
            "columns": dict(self.columns),
            "turns": [copy.copy(turn) for turn in self.turns],
        }

    def follow(self, past: Mapping[str, Any]) -> None:
        """Take over the `past` of another chain of the same prompt."""
        self._with(**past)

    def fresh(self, prompt_ids: Sequence[int] | None = None) -> Chain:
        """A chain of the same row from the start, under other prompt ids where they are given (a hint)."""
        ids = self.prompt_ids if prompt_ids is None else prompt_ids
        return copy.copy(self)._with(
            prompt_ids=list(ids), ids=[], trained=[], logprobs=[], columns={}, turns=[], answer=None
        )

    def _with(self, **changes: Any) -> Chain:
        for name, value in changes.items():
            setattr(self, name, value)
        return self

    def room(self, limit: int | None = None) -> int:
        """Tokens that may still come; limit: at how many the chain should stop, counted from its start."""
        most = self.max_length if limit is None else min(limit, self.max_length)
        return max(most - len(self.ids), 0)

    @property
    def ended(self) -> bool:
        """Whether the model's last token is an end token, and nobody spoke after it."""
        return bool(self.ids) and self.turns[-1].role == MODEL and self.ids[-1] in self.end_ids

    @property
    def is_conversation(self) -> bool:
        """Whether its prompt is a list of messages."""
        return bool(is_conversational({"prompt": self.prompt}))

    @property
    def own_ids(self) -> list[int]:
        """The tokens of the model's role, without what others wrote."""
        return [token for turn, ids in self._spoken() if turn.role == MODEL for token in ids]

    @property
    def messages(self) -> list[dict[str, str]]:
        """Who said what, in order; what the model says in several goes without interruption is one message."""
        return [{"role": turn.role, "content": self._content(turn, ids)} for turn, ids in self._spoken()]

    @property
    def completion(self) -> Any:
        """What judges and reward functions see: messages after a conversation, after a text the model's own words.

        Of a text, what others wrote is left out and leaves a line break: a tool cannot answer for the model.
        """
        if self.is_conversation:
            return self.messages or [{"role": MODEL, "content": ""}]
        return "\n".join(message["content"] for message in self.messages if message["role"] == MODEL)

    def _spoken(self) -> Iterator[tuple[Turn, list[int]]]:
        said = len(self.ids) if self.answer is None else self.answer
        starts = [turn.start for turn in self.turns] + [said]
        for turn, (start, end) in zip(self.turns, pairwise(starts), strict=True):
            yield turn, self.ids[start:end]

    def _content(self, turn: Turn, ids: list[int]) -> str:
        if turn.content is not None:
            return turn.content
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))
