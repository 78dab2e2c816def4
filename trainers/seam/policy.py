"""The current policy as `Objective.generate` sees it: extend chains, tokenise, decode, talk to other processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from accelerate.utils import gather_object
from trl import GRPOTrainer

from ._setting import while_set
from ._top import top_logprobs
from .chain import MODEL, Chain


@dataclass(frozen=True, slots=True)
class Segment:
    """What `Policy.extend` added to one chain.

    Attributes:
        ids: the tokens, also those of the stop text.
        stopped: the stop text that ended it, None where none did.
        ended: whether the model ended the chain. Neither: the limit was reached, or there was nothing to draw.
        top: for each token the log-probabilities of the `top` likeliest, descending, at the temperature of sampling.
    """

    ids: list[int] = field(default_factory=list)
    stopped: str | None = None
    ended: bool = False
    top: list[list[float]] = field(default_factory=list)


class Policy:
    """The policy under training, for objectives that draw their chains themselves.

    What is marked *collective* must be called by every process equally often, also by one with nothing to do.

    Attributes:
        training: False in evaluation.
        num_generations: chains per prompt.
    """

    def __init__(self, trainer: GRPOTrainer) -> None:
        self._trainer = trainer
        self.training: bool = trainer.model.training
        self.num_generations: int = trainer.num_generations if self.training else trainer.num_generations_eval

    @property
    def model(self) -> Any:
        """The model as accelerate prepared it."""
        return self._trainer.model_wrapped

    @property
    def tokenizer(self) -> Any:
        """The tokenizer; for a multimodal model that of its processor."""
        return self._trainer._tokenizer

    @property
    def step(self) -> int:
        """Finished optimiser steps."""
        return int(self._trainer.state.global_step)

    @property
    def max_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return int(self._trainer.state.max_steps)

    def chains(self, prompts: Sequence[Any], rows: Sequence[Mapping[str, Any]] | None = None) -> list[Chain]:
        """Empty chains, one a prompt; rows: the data set's columns of each. The same number on every process.

        Raises:
            ValueError: a prompt with an image, which only TRL's own generation can show to the model.
        """
        first = self._trainer.accelerator.process_index * len(prompts)
        return [
            Chain(
                prompt=prompt,
                row=row,
                slot=place % self.num_generations,
                group=place // self.num_generations,
                prompt_ids=ids,
                max_length=self._trainer.max_completion_length,
                tokenizer=self.tokenizer,
                end_ids=frozenset(self._trainer.eos_token_ids),
            )
            for place, (prompt, row, ids) in enumerate(
                zip(prompts, rows or [{}] * len(prompts), self.tokenize(prompts), strict=True), first
            )
        ]

    def tokenize(self, prompts: Sequence[Any]) -> list[list[int]]:
        """Prompt ids as the trainer makes them (chat template, truncation); text only."""
        if not prompts:
            return []
        prompt_ids, images, _ = self._trainer._tokenize_prompts(list(prompts))
        if images is not None:
            raise ValueError("chains are of text: leave prompts with images to TRL's own generation")
        return [list(ids) for ids in prompt_ids]

    def message_ids(self, content: str, role: str = "user") -> list[int]:
        """A message behind one of the model's, and the opening of the model's next, as the chat template writes them.

        Raises:
            ValueError: a template that writes the model's message otherwise when another one follows.
        """
        trainer = self._trainer
        spoken = [{"role": "user", "content": "?"}, {"role": MODEL, "content": ""}]

        def ids(messages: list[dict[str, str]], opens: bool) -> list[int]:
            written = self.tokenizer.apply_chat_template(
                messages,
                add_generation_prompt=opens,
                tokenize=True,
                return_dict=False,
                chat_template=trainer.chat_template,
                **trainer.chat_template_kwargs,
            )
            return list(written)

        before, whole = ids(spoken, opens=False), ids([*spoken, {"role": role, "content": content}], opens=True)
        ends = [place for place, token in enumerate(before) if token in trainer.eos_token_ids]
        before = before[: ends[-1] + 1] if ends else before  # some templates write a line break behind the end
        if whole[: len(before)] != before:
            raise ValueError("the chat template rewrites the model's message when another one follows")
        return whole[len(before) :]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def extend(
        self,
        chains: Sequence[Chain],
        *,
        limit: int | None = None,
        tokens: int | None = None,
        stop: Sequence[str] = (),
        top: int = 0,
    ) -> list[Segment]:
        """Let the policy go on with each chain, at the temperature of training. *Collective.*

        A chain that has ended or is full gets nothing. Backends that split a model over processes need every process
        at work: one with fewer chains than the others draws as many, and throws the surplus away.

        Args:
            limit: tokens at which a chain stops, counted from its start; `max_completion_length` at most.
            tokens: how many a chain may get now.
            stop: texts behind which a chain stops, its token included. What is drawn beyond is thrown away.
            top: how many of the likeliest tokens' log-probabilities to give, for one more forward pass.
        """

        def room(chain: Chain) -> int:
            return chain.room(limit) if tokens is None else min(chain.room(limit), tokens)

        live = [chain for chain in chains if not chain.ended and room(chain)]
        sizes = self.gather([(len(live), max(map(room, live), default=0))])
        rows, longest = (max(size) for size in zip(*sizes, strict=True))
        if not rows:
            return [Segment() for _ in chains]
        idle = [[self.tokenizer.eos_token_id]] * (rows - len(live))
        drawn, logprobs = self._draw([[*chain.prompt_ids, *chain.ids] for chain in live] + idle, longest)
        segments: dict[int, Segment] = {}
        starts = [len(chain.ids) for chain in live]
        for place, chain in enumerate(live):
            ids, stopped = self._cut(drawn[place][: room(chain)], stop)
            chain.add(ids, logprobs=None if logprobs is None else logprobs[place][: len(ids)])
            segments[id(chain)] = Segment(ids, stopped, chain.ended)
        if top:
            found = top_logprobs(self._trainer, live, starts, rows, top)
            for chain, values in zip(live, found, strict=True):
                segments[id(chain)].top.extend(values)
        return [segments.get(id(chain), Segment()) for chain in chains]

    def anyone(self, busy: bool) -> bool:
        """Whether any process is busy, so that loops of several turns end together. *Collective.*"""
        return any(self.gather([bool(busy)]))

    def gather(self, local: Sequence[Any]) -> list[Any]:
        """The lists of all processes, one after the other in their order. *Collective.*"""
        return list(gather_object(list(local)))

    def _draw(self, prompt_ids: list[list[int]], tokens: int) -> tuple[list[list[int]], list[list[float]] | None]:
        """TRL's own sampling, of at most so many tokens."""
        trainer = self._trainer
        with ExitStack() as settings:
            if trainer.use_vllm:
                settings.enter_context(while_set(trainer.vllm_generation, "max_completion_length", tokens))
            else:
                settings.enter_context(while_set(trainer.generation_config, "max_new_tokens", tokens))
            drawn, logprobs = trainer._generate_single_turn(prompt_ids, None, {}, 1)
        return [list(ids) for ids in drawn], logprobs

    def _cut(self, ids: list[int], stop: Sequence[str]) -> tuple[list[int], str | None]:
        """The tokens up to the one that completes the first stop text, and which that is."""

        def text(count: int) -> str:
            return str(self.tokenizer.decode(ids[:count], skip_special_tokens=False))

        if not any(word in text(len(ids)) for word in stop):
            return ids, None
        low, high = 1, len(ids)  # the fewest tokens whose text holds a stop
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if any(word in text(middle) for word in stop) else (middle + 1, high)
        return ids[:low], next(word for word in stop if word in text(low))
