"""The current policy as a rollout sees it: tokenise, sample, decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trl import GRPOTrainer
from trl.data_utils import is_conversational


class Policy:
    """The policy under training, for objectives that draw completions themselves.

    Under FSDP, ZeRO-3 or vLLM every process must call `sample` the same number of times, each with at least one
    prompt; otherwise a process may call it as it likes.

    Attributes:
        rows: the dataset's columns, one dictionary per completion to be drawn.
        first_row: number of the first row over all processes; row i is generation
            `(first_row + i) % num_generations` of its prompt.
    """

    def __init__(self, trainer: GRPOTrainer, rows: Sequence[Mapping[str, Any]]) -> None:
        self._trainer = trainer
        self.rows = rows
        self.first_row = trainer.accelerator.process_index * len(rows)
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

    def tokenize(self, prompts: Sequence[Any]) -> list[list[int]]:
        """Prompt ids as the trainer makes them (chat template, truncation); text only."""
        prompt_ids: list[list[int]]
        prompt_ids, _, _ = self._trainer._tokenize_prompts(list(prompts))
        return prompt_ids

    def sample(self, prompt_ids: Sequence[list[int]]) -> tuple[list[list[int]], list[list[float]] | None]:
        """One completion per prompt at the training temperature: (token ids, log-probabilities or None)."""
        if not prompt_ids:
            return [], None
        completion_ids, logprobs = self._trainer._generate_single_turn(list(prompt_ids), None, {}, 1)
        return completion_ids, logprobs

    def decode(self, completion_ids: Sequence[list[int]], prompt: Any) -> list[Any]:
        """Completions as reward functions see them: texts, or messages where `prompt` is a conversation."""
        texts: list[str] = self._trainer.processing_class.batch_decode(completion_ids, skip_special_tokens=True)
        if is_conversational({"prompt": prompt}):
            return [[{"role": "assistant", "content": text}] for text in texts]
        return texts


@dataclass(eq=False, slots=True)
class Generation:
    """The completions of this process, drawn and not yet scored; `Objective.steer` edits the lists in place.

    A row is its prompt ids (what the log-probabilities are conditioned on), its completion ids and the completion
    that reward functions see: change all three together. `prompts` is what reward functions get as the prompt.

    Attributes:
        logprobs: sampling log-probabilities, None without vLLM.
        mask: 1 on the model's tokens where tools or the environment wrote others, else None.
        columns: extra lists for reward functions and `rollout.rows`.
    """

    policy: Policy
    prompts: Sequence[Any]
    prompt_ids: list[list[int]]
    completion_ids: list[list[int]]
    completions: list[Any]
    logprobs: list[list[float]] | None
    mask: list[list[int]] | None
    columns: dict[str, Any]

    def replace(
        self,
        row: int,
        prompt_ids: list[int],
        completion_ids: list[int],
        logprobs: list[float] | None = None,
    ) -> None:
        """Put another completion of the current policy, under its own prompt ids, in place of a row."""
        if not completion_ids:
            raise ValueError(f"row {row}: a completion needs at least one token (the end token)")
        if self.logprobs is not None:
            if logprobs is None or len(logprobs) != len(completion_ids):
                raise ValueError(f"row {row}: needs the sampling log-probability of each of its tokens")
            self.logprobs[row] = logprobs
        if self.mask is not None:
            self.mask[row] = [1] * len(completion_ids)
        self.prompt_ids[row] = prompt_ids
        self.completion_ids[row] = completion_ids
        self.completions[row] = self.policy.decode([completion_ids], self.prompts[row])[0]
