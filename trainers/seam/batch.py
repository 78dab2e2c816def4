"""What an objective's loss is handed: one micro-batch, with everything already computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """One micro-batch of b completions, T tokens wide; rows come shuffled across groups.

    Log-probabilities are those of the sampled tokens, under the temperature of sampling; 0 on padding.

    Of an objective that is not `causal` nobody asked for any: `logps`, `old_logps` and `entropies` are `(b, 0)`.

    Attributes:
        logps: `(b, T)` under the policy, with gradient. The only forward pass of the step.
        old_logps: `(b, T)` under the policy that sampled; `logps` detached when sampling and update are aligned.
        ref_logps: `(b, T)` under the reference; None without KL (`beta=0`) unless the objective needs one.
        entropies: `(b, T)` of the policy's whole distribution at each position, with gradient.
        mask: `(b, T)` integers, 1 on the tokens of the loss (the model's own, not padding or tools').
        advantages: `(b, 1)` or `(b, T)`.
        scores: `(b,)` weighted reward, NaN where no function could score.
        rewards: `(b, F)` raw reward of each function, NaN where it abstained.
        group_ids: `(b,)` integers; equal for the completions of one prompt.
        prompt_ids, prompt_mask: `(b, P)` what each completion is conditioned on, left padded.
        completion_ids: `(b, T)` token ids. completion_mask: 1 on them, whoever wrote them, 0 on padding.
        num_items: 0-d, loss tokens of an average micro-batch, over all processes (for DAPO's mean).
        max_length: the limit on completion length (for Dr. GRPO's mean).
        sampling_ratio: `(b, T)` or `(b, 1)`, π_old over the sampler's π, with vLLM's correction; else None.
        columns: what `advantages()` returned beside the advantages, by name, first dimension b.
        training: False in evaluation.
        step, max_steps: finished optimiser steps, and how many there will be.
        model: the policy as the trainer calls it, for a `loss` that makes passes of its own.
    """

    logps: Tensor
    old_logps: Tensor
    ref_logps: Tensor | None
    entropies: Tensor
    mask: Tensor
    advantages: Tensor
    scores: Tensor
    rewards: Tensor
    group_ids: Tensor
    prompt_ids: Tensor
    prompt_mask: Tensor
    completion_ids: Tensor
    completion_mask: Tensor
    num_items: Tensor
    max_length: int
    sampling_ratio: Tensor | None
    columns: Mapping[str, Tensor]
    training: bool
    step: int
    max_steps: int
    model: Any

    def __getitem__(self, name: str) -> Tensor:
        """A per-row tensor that `advantages()` returned under this name."""
        try:
            return self.columns[name]
        except KeyError:
            known = ", ".join(sorted(self.columns)) or "none"
            raise KeyError(f"no column {name!r} in the batch; advantages() returned: {known}") from None
