"""`DPOTrainer` with the loss of a paper: the place that overrides what is private in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar

import torch
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from ._metrics import reduce_metrics
from ._recording import Recording
from ._setting import while_set
from .pairs import Pairs, PreferenceObjective

REFERENCE = ("ref_chosen_logps", "ref_rejected_logps")
# What TRL's own loss does and a replaced one would ignore: the values that mean "nothing of it".
PLAIN = {"loss_type": ["sigmoid"], "loss_weights": None, "f_divergence_type": "reverse_kl", "use_weighting": False}


class PreferenceTrainer(DPOTrainer):
    """TRL's `DPOTrainer` (same constructor, data sets, callbacks, PEFT, metrics) with a paper's loss of pairs.

        class MarginTrainer(PreferenceTrainer):
            objective_class = Margin
            config_class = MarginConfig

    Raises:
        TypeError: `args` is not of the paper's config class.
        ValueError: a setting of TRL's loss that the paper's would silently ignore.
    """

    objective_class: ClassVar[type[PreferenceObjective]] = PreferenceObjective
    config_class: ClassVar[type[DPOConfig]] = DPOConfig

    data_collator: Any  # TRL's own, declared for the type checker

    def __init__(
        self, model: Any, ref_model: Any = None, args: DPOConfig | None = None, *more: Any, **named: Any
    ) -> None:
        args = self.config_class() if args is None else args
        if not isinstance(args, self.config_class):
            name = type(self).__name__
            raise TypeError(f"{name} needs args={self.config_class.__name__}(…), got {type(args).__name__}")
        self.preference_objective = self.objective_class(args)
        if self._replaces_loss:
            _require_plain(type(self.preference_objective).__name__, args)
        super().__init__(model, ref_model, args, *more, **named)
        if columns := self.preference_objective.columns:
            self.data_collator = _WithColumns(self.data_collator, columns)

    @property
    def _replaces_loss(self) -> bool:
        return type(self.preference_objective).loss is not PreferenceObjective.loss

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        self._signature_columns += [c for c in self.preference_objective.columns if c not in self._signature_columns]

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        """TRL's method, for its metrics and its one forward pass; its loss is replaced.

        The reference's log-probabilities are computed here and handed over as if they had been precomputed.
        """
        columns = {name: inputs.pop(name) for name in self.preference_objective.columns}
        if not self._replaces_loss:
            return super()._compute_loss(model, inputs, return_outputs)
        recorded = Recording(model)
        with ExitStack() as stack:
            if not self.precompute_ref_logps:
                inputs = {**inputs, **dict(zip(REFERENCE, self._reference(inputs), strict=True))}
                stack.enter_context(while_set(self, "precompute_ref_logps", True))
            given = super()._compute_loss(recorded, inputs, return_outputs)
        losses, metrics = self.preference_objective.loss(self._pairs(recorded.first, inputs, columns))
        loss = losses.mean()
        if self.aux_loss_enabled:
            loss = loss + self.router_aux_loss_coef * recorded.first.aux_loss
        log = self._metrics["train" if self.model.training else "eval"]
        for name, value in reduce_metrics(metrics, torch.ones_like(losses), self.accelerator).items():
            log[name].append(value)
        return (loss, given[1]) if return_outputs else loss

    def _reference(self, inputs: Mapping[str, Any]) -> Sequence[Tensor]:
        if not self.preference_objective.needs_reference:
            nothing = inputs["input_ids"].new_zeros(len(inputs["input_ids"]) // 2, dtype=torch.float)
            return nothing, nothing
        model = self.model if self.ref_model is None else self.ref_model
        return self.compute_ref_log_probs(model, inputs)

    def _pairs(self, outputs: Any, inputs: Mapping[str, Any], columns: Mapping[str, Tensor]) -> Pairs:
        mask = inputs["completion_mask"][:, 1:]
        # Prompt learning puts virtual tokens in front.
        logps = outputs.log_probs[:, -mask.size(1) :].sum(dim=1)
        chosen, rejected = logps.chunk(2)
        chosen_lengths, rejected_lengths = mask.sum(dim=1).chunk(2)
        ref_chosen, ref_rejected = (inputs[name] for name in REFERENCE)
        return Pairs(
            chosen_logps=chosen,
            rejected_logps=rejected,
            ref_chosen_logps=ref_chosen,
            ref_rejected_logps=ref_rejected,
            chosen_lengths=chosen_lengths,
            rejected_lengths=rejected_lengths,
            columns=columns,
            training=self.model.training,
            step=self.state.global_step,
            max_steps=self.state.max_steps,
        )


class _WithColumns:
    """A collator that also makes tensors of columns that TRL's does not know."""

    def __init__(self, collator: Any, columns: Sequence[str]) -> None:
        self.collator, self.columns = collator, columns

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = self.collator(examples)
        for name in self.columns:
            if name not in examples[0]:
                raise KeyError(f"no column {name!r} in the data set; it has: {', '.join(sorted(examples[0]))}")
            batch[name] = torch.tensor([float(example[name]) for example in examples])
        return batch


def _require_plain(objective: str, args: DPOConfig) -> None:
    for name, value in PLAIN.items():
        if getattr(args, name) != value:
            raise ValueError(
                f"{name} acts inside TRL's own loss, which {objective} replaces: leave it at {value!r}, "
                f"not {getattr(args, name)!r}"
            )
    if args.ld_alpha is not None:
        raise ValueError(f"ld_alpha changes the log-probabilities that {objective} is defined on: leave it at None")
