"""What an advantage estimator is handed: the completions of one generation, scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..objectives import consecutive_groups


@dataclass(frozen=True, eq=False, slots=True)
class Rollout:
    """N completions over all processes, of which this process made the B from `first_row` on.

    What statistics of groups need is *global* and the same on every process, because a process may hold only a
    part of a group. What is big or belongs to a row is *local*; `gather` makes it global.

    Attributes:
        rewards: `(N, F)` raw reward of each function, NaN where it abstained. Global.
        reward_names: the F names under which the functions are logged.
        weights: `(F,)` reward weights.
        trl_advantages: `(B,)` TRL's own advantages, for estimators that only reshape them. Local.
        mask: `(B, T)` 1 on the tokens of the loss. Local, like all below.
        prompt_ids, prompt_mask: `(B, P)` what the completions are conditioned on, left padded: also where a chain
            was drawn under another prompt than its row's.
        completion_ids: `(B, T)` token ids, right padded. completion_mask: 1 on them, whoever wrote them.
        old_logps, ref_logps: `(B, T)` or None when TRL had no use for them and the objective did not ask.
        old_entropies: `(B, T)` of the policy that sampled, or None when the objective did not ask.
        rows: B dictionaries, the dataset's columns (and what the rollout added), one per completion.
        prompts, completions: B prompts and completions as the reward functions saw them.
        num_generations: completions per prompt.
        training: False in evaluation.
        step, max_steps: finished optimiser steps, and how many there will be.
        model: the policy as accelerate prepared it, for scores of one's own; equally many passes on every process.
        metrics: what `log` has collected.
    """

    rewards: Tensor
    reward_names: tuple[str, ...]
    weights: Tensor
    trl_advantages: Tensor
    mask: Tensor
    prompt_ids: Tensor
    prompt_mask: Tensor
    completion_ids: Tensor
    completion_mask: Tensor
    old_logps: Tensor | None
    ref_logps: Tensor | None
    rows: Sequence[Mapping[str, Any]]
    prompts: Sequence[Any]
    completions: Sequence[Any]
    first_row: int
    num_generations: int
    training: bool
    step: int
    max_steps: int
    model: Any
    gather_tensor: Callable[[Tensor], Tensor]
    gather_list: Callable[[list[Any]], list[Any]]
    old_entropies: Tensor | None = None
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def group_ids(self) -> Tensor:
        """`(N,)` integers; equal for the completions of one prompt. Global."""
        return consecutive_groups(len(self.rewards), self.num_generations, self.rewards.device)

    @property
    def scores(self) -> Tensor:
        """`(N,)` weighted sum of the rewards, NaN where every function abstained. Global.

        A function that abstains beside one that scores counts as 0, as in TRL; compose the parts into one
        reward where that is not wanted.
        """
        total = (self.rewards * self.weights).nansum(dim=1)
        return total.masked_fill(torch.isnan(self.rewards).all(dim=1), torch.nan)

    def gather(self, local: Tensor | Sequence[Any]) -> Any:
        """Local rows of every process in order, B → N. Every process must call it, with equal shapes."""
        if isinstance(local, Tensor):
            return self.gather_tensor(local.contiguous())
        return self.gather_list(list(local))

    def column(self, name: str) -> list[Any]:
        """The N values of a dataset column. Every process must call it."""
        if name not in self.rows[0]:
            raise KeyError(f"no column {name!r} in the dataset; it has: {', '.join(sorted(self.rows[0]))}")
        return self.gather_list([row[name] for row in self.rows])

    def local(self, values: Tensor) -> Tensor:
        """This process's rows of a global tensor, N → B; a tensor of B rows is returned as it is."""
        if len(values) == len(self.rows):
            return values
        if len(values) != len(self.rewards):
            raise ValueError(
                f"expected {len(self.rewards)} rows (all processes) or {len(self.rows)} (this one), got {len(values)}"
            )
        return values[self.first_row : self.first_row + len(self.rows)]

    def log(self, name: str, value: Tensor | float) -> None:
        """Log a number that is the same on every process (compute it from global values)."""
        self.metrics[name] = float(value)
