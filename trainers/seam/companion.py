"""A module that is trained beside the policy: by the same optimiser, and saved in the same checkpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from accelerate import DistributedType
from torch import nn
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from .trainer import ObjectiveTrainer

SPLITS_MODELS = (DistributedType.DEEPSPEED, DistributedType.FSDP, DistributedType.MEGATRON_LM)


class CompanionTrainer(ObjectiveTrainer):
    """`ObjectiveTrainer` with one more module to learn; its gradients come from the objective's loss.

    A subclass builds it at the end of its constructor, the same on every process:

        self.companion = Critic(backbone)

    The module stays out of the policy: out of generation, of adapters and of what `save_model` writes. Its gradients
    are averaged over processes and clipped by their own norm. It is not wrapped, so it must fit on one device.

    Attributes:
        companion_group: settings of its parameters in the optimiser, such as "lr".

    Raises:
        ValueError: a precision or a way of distribution that would need the module wrapped.
    """

    companion_file: ClassVar[str] = "companion.pt"
    companion_group: Mapping[str, Any] = {}
    companion: nn.Module

    def __init__(self, model: Any, *args: Any, **named: Any) -> None:
        super().__init__(model, *args, **named)
        if self.accelerator.distributed_type in SPLITS_MODELS or self.accelerator.mixed_precision == "fp16":
            raise ValueError(
                f"{type(self).__name__} trains a module beside the policy, on one device or several with a copy each "
                "and in bf16 or float32: not with DeepSpeed, FSDP or fp16"
            )

    def create_optimizer(self, model: Any = None) -> Any:
        """TRL's optimiser, with the companion's parameters as one more group."""
        optimizer = super().create_optimizer(model)
        parameters = [p for p in self.companion.parameters() if p.requires_grad]
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if id(parameters[0]) not in known:
            optimizer.add_param_group({"params": parameters, **self.companion_group})
        return optimizer

    def training_step(self, model: Any, *args: Any, **named: Any) -> Any:
        """One micro-step; after the last one before an update the companion's gradients are made ready too."""
        if self._updated:
            self.companion.zero_grad()
        loss = super().training_step(model, *args, **named)
        self._updated = self.accelerator.sync_gradients
        if self._updated:
            self._finish_gradients()
            alone = self.leaves_policy_out()
            self._metrics["train"]["companion_alone"].append(float(alone))
            if alone:
                for parameter in model.parameters():
                    parameter.grad = None  # not 0: the optimiser's momentum would move it
        return loss

    def leaves_policy_out(self) -> bool:
        """Whether the next update is the companion's alone. Asked before each, on every process; all must agree."""
        return False

    _updated: bool = True  # whether the next micro-step is the first after an update

    def _finish_gradients(self) -> None:
        learnt = {p: p.grad for p in self.companion.parameters() if p.grad is not None}
        if not learnt:
            return
        if self.accelerator.num_processes > 1:
            flat = torch.cat([gradient.flatten() for gradient in learnt.values()])
            mean = self.accelerator.reduce(flat, reduction="mean")
            parts = mean.split([gradient.numel() for gradient in learnt.values()])
            for gradient, part in zip(learnt.values(), parts, strict=True):
                gradient.copy_(part.view_as(gradient))
        limit = self.args.max_grad_norm or float("inf")
        norm = nn.utils.clip_grad_norm_(learnt, limit)
        self._metrics["train"]["companion_grad_norm"].append(norm.item())

    # ---- checkpoints ---------------------------------------------------------------------------------------

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        # Before the trainer's own: what is left of a run killed in between is refused on resume.
        if self.args.should_save:
            folder = os.path.join(
                self._get_output_dir(trial=trial), f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
            )
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, self.companion_file)
            torch.save(self.companion.state_dict(), f"{path}.partial")
            os.replace(f"{path}.partial", path)
        super()._save_checkpoint(model, trial)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            path = os.path.join(checkpoint, self.companion_file)
            if not os.path.exists(path):
                raise FileNotFoundError(
                    f"{path} is missing: resume from a checkpoint of this trainer, or start from its weights"
                )
            self.companion.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        super()._load_optimizer_and_scheduler(checkpoint)
