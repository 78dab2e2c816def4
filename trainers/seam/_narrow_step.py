"""The gradient of TRL's training step for less: narrow passes, similar lengths together, no rows without a gradient."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor
from trl import GRPOTrainer
from trl.trainer.utils import (
    shuffle_sequence_dict,
    split_pixel_values_by_grid,
    split_tensor_dict,
    unsplit_pixel_values_by_grid,
)

from ._inputs import loss_mask
from ._micro_batches import cut, loud_units, silent_rows
from ._whole_groups import shuffle_groups
from ._width import moves_freely, narrow_passes
from .objective import Objective


class NarrowStep(GRPOTrainer):
    """`GRPOTrainer` whose micro-batches and forward passes are cut anew wherever no gradient changes by that.

    `ObjectiveConfig(exact_micro_batches=True)` switches all of it off, and so does TRL's own `GRPOConfig`. Batches with
    images are left as they are.
    """

    policy_objective: Objective
    whole_groups: bool

    # TRL's own, declared for the type checker.
    _step: int
    _buffered_inputs: list[dict[str, Any]] | None

    @property
    def _generate_every(self) -> int:
        """Micro-steps that one generation serves."""
        return self.args.steps_per_generation * self.num_iterations

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        if not self.model.training or not (self.whole_groups or self._cuts_freely):
            return super()._prepare_inputs(generation_batch)
        count = self.args.steps_per_generation
        if self._step % self._generate_every == 0 or self._buffered_inputs is None:
            batch = split_pixel_values_by_grid(self._generate_and_score_completions(generation_batch))
            batch = shuffle_groups(batch, self.num_generations) if self.whole_groups else shuffle_sequence_dict(batch)
            cuts = self._cut(batch, count) if self._cuts_freely else split_tensor_dict(batch, count)
            self._buffered_inputs = [unsplit_pixel_values_by_grid(batch) for batch in cuts]
        return self._buffered_inputs[self._step % count]

    @property
    def _exact(self) -> bool:
        """Whether TRL's own micro-batches are wanted, as always with TRL's own config."""
        return bool(getattr(self.args, "exact_micro_batches", True))

    @property
    def _cuts_freely(self) -> bool:
        """Whether an update's gradient is the same however its rows are cut into micro-batches."""
        count, update = self.args.steps_per_generation, self.args.gradient_accumulation_steps
        return (
            bool(self.policy_objective.average)
            and not self._exact
            and (count % update == 0 or update % count == 0)
            and not (self._entropy_bonus_enabled or self.aux_loss_enabled or self.args.top_entropy_quantile < 1.0)
        )

    def _cut(self, batch: dict[str, Any], count: int) -> list[dict[str, Any]]:
        silent = silent_rows(batch["advantages"], loss_mask(batch)) & (self.beta == 0)
        update = min(count, self.args.gradient_accumulation_steps)
        unit = self.num_generations if self.whole_groups else 1
        loud = loud_units(silent, count // update, unit)
        kept = self.accelerator.gather(loud.unsqueeze(0)).amax(0).clamp(min=update)
        left_out = 1 - kept.sum().item() * unit / len(silent)
        if left_out:  # the other metrics of the loss are over the rows that are left
            self._metrics["train"]["frac_rows_left_out"].append(left_out)
        return cut(batch, update, self.policy_objective.average, silent, unit, kept)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **vision: Any,
    ) -> tuple[Tensor, Any, Tensor | None]:
        whole = self._exact or compute_aux_loss
        forward = partial(super()._get_per_token_logps_and_entropies, model, compute_entropy=compute_entropy)
        if whole or any(value is not None for value in vision.values()):
            return forward(
                input_ids, attention_mask, logits_to_keep, batch_size, compute_aux_loss=compute_aux_loss, **vision
            )
        logps, entropies = narrow_passes(
            lambda *block: forward(*block)[:2],
            input_ids,
            attention_mask,
            logits_to_keep,
            batch_size or len(input_ids),
            trims_prompts=moves_freely(self.model.config),
            multiple_of=self.pad_to_multiple_of,
        )
        return logps, entropies, None
