"""`SFTTrainer` with the loss of a paper: the place that overrides what is private in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from accelerate import DistributedType
from accelerate.utils import is_peft_model
from torch import Tensor
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl import SFTConfig, SFTTrainer
from trl.trainer.utils import add_fused_lm_head, use_adapter

from ..objectives import masked_mean
from ._metrics import reduce_metrics
from ._recording import Recording
from .demonstrations import Demonstrations, SupervisedObjective

STATE = "objective_state.json"
SPLITS_MODELS = (DistributedType.DEEPSPEED, DistributedType.FSDP, DistributedType.MEGATRON_LM)


class SupervisedTrainer(SFTTrainer):
    """TRL's `SFTTrainer` (same constructor, data sets, callbacks, PEFT, metrics) with a paper's loss.

    The reference is the model as it starts: a frozen copy, or the model without its adapter where a `peft_config`
    adds one. What the objective learns besides the weights is saved in the checkpoint and restored.

    Raises:
        TypeError: `args` is not of the paper's config class.
        ValueError: a reference is needed and the model is split over devices (DeepSpeed, FSDP), or the loss is one
            that TRL's `loss_type` or label smoothing would change.
    """

    objective_class: ClassVar[type[SupervisedObjective]] = SupervisedObjective
    config_class: ClassVar[type[SFTConfig]] = SFTConfig

    def __init__(self, model: Any, args: SFTConfig | None = None, *more: Any, **named: Any) -> None:
        args = self.config_class() if args is None else args
        if not isinstance(args, self.config_class):
            name = type(self).__name__
            raise TypeError(f"{name} needs args={self.config_class.__name__}(…), got {type(args).__name__}")
        self.supervised_objective = self.objective_class(args)
        super().__init__(model, args, *more, **named)
        self.ref_model: Any = None
        if self._replaces_loss:
            self._require_plain_loss()
            # An adapter that was there before is a part of the start.
            had_adapter = isinstance(model, torch.nn.Module) and is_peft_model(model)
            if self.supervised_objective.needs_reference and is_peft_model(self.model) == had_adapter:
                self.ref_model = self._frozen_copy()

    @property
    def _replaces_loss(self) -> bool:
        return type(self.supervised_objective).loss is not SupervisedObjective.loss

    def _require_plain_loss(self) -> None:
        changed = {
            "loss_type": self.args.loss_type != "nll",
            "label_smoothing_factor": self.args.label_smoothing_factor != 0,
            "compute_loss_func": self.compute_loss_func is not None,
        }
        if ignored := [name for name, used in changed.items() if used]:
            raise ValueError(
                f"{', '.join(ignored)} acts inside TRL's own loss, which {type(self.supervised_objective).__name__} "
                "replaces: leave it at its default"
            )

    def _frozen_copy(self) -> Any:
        if self.accelerator.distributed_type in SPLITS_MODELS:
            raise ValueError(
                "the frozen reference is a copy of the whole model, which is split over devices here: train an adapter "
                "(peft_config=…), whose base model is the reference, or one model a device"
            )
        frozen = copy.deepcopy(self.model).requires_grad_(False).eval()
        # TRL patched `forward` of the model, and what it remembers as the original is that of the model, not the copy.
        base = frozen.get_base_model() if is_peft_model(frozen) else frozen
        del base.forward
        add_fused_lm_head(base)
        return self.accelerator.prepare_model(frozen, evaluation_mode=True)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's method, for its metrics and its one forward pass; its loss is replaced."""
        if not self._replaces_loss:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        recorded = Recording(model)
        given = super().compute_loss(recorded, inputs, return_outputs, num_items_in_batch)
        outputs, training = recorded.first, self.model.training
        ref_logps = self._reference_logps(inputs) if self.supervised_objective.needs_reference else None
        # Prompt learning puts virtual tokens in front, which the reference has not.
        real = slice(None) if ref_logps is None else slice(-ref_logps.size(1), None)
        batch = Demonstrations(
            logps=outputs.log_probs[:, real],
            ref_logps=ref_logps,
            mask=outputs.label_mask[:, real].to(outputs.log_probs),
            training=training,
            step=self.state.global_step,
            max_steps=self.state.max_steps,
        )
        values, metrics = self.supervised_objective.loss(batch)
        loss = self._average(values, batch.mask, num_items_in_batch)
        if self.aux_loss_enabled:
            steps = self.current_gradient_accumulation_steps if num_items_in_batch is not None else 1
            loss = loss + self.router_aux_loss_coef * outputs.aux_loss / steps
        log = self._metrics["train" if training else "eval"]
        for name, value in reduce_metrics(metrics, batch.mask, self.accelerator).items():
            log[name].append(value)
        if training and self.accelerator.sync_gradients:
            self.supervised_objective.end_of_step(lambda value: self.accelerator.reduce(value, reduction="mean"))
        return (loss, given[1]) if return_outputs else loss

    def _average(self, values: Tensor, mask: Tensor, num_items: Any) -> Tensor:
        """Over tokens as TRL does it, or over the sequences of the micro-batch."""
        if values.dim() == 1:
            # With num_items transformers leaves the division by the accumulation steps to the loss.
            return values.mean() / (1 if num_items is None else self.current_gradient_accumulation_steps)
        if num_items is None:
            return masked_mean(values, mask)
        loss = (values * mask).sum() / torch.as_tensor(num_items).clamp(min=1)
        # num_items counts the tokens of every process, and gradients are averaged over them.
        spread = self.accelerator.num_processes // self.get_tp_size() if self.args.average_tokens_across_devices else 1
        return loss * spread

    @torch.no_grad()
    def _reference_logps(self, inputs: Mapping[str, Any]) -> Tensor:
        inputs = {name: value for name, value in inputs.items() if name != "output_router_logits"}
        with self.accelerator.autocast():
            if self.ref_model is not None:
                return self.ref_model(**inputs, fused_lm_head=True).log_probs
            model = self.accelerator.unwrap_model(self.model)
            with use_adapter(model, adapter_name=None), _evaluating(model):
                return model(**inputs, fused_lm_head=True).log_probs

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if self.args.should_save and (state := self.supervised_objective.state_dict()):
            folder = Path(self._get_output_dir(trial=trial), f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
        super()._save_checkpoint(model, trial)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None and (path := Path(checkpoint, STATE)).exists():
            self.supervised_objective.load_state_dict(json.loads(path.read_text(encoding="utf-8")))


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Without dropout, which a frozen reference has not."""
    before = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(before)
