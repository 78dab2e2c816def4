"""`SFTTrainer` for rows of which one token is learnt, the last one, by a loss of its logits."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from trl import SFTTrainer

from ._metrics import reduce_metrics


class VerdictTrainer(SFTTrainer):
    """`SFTTrainer` that hands `verdict_loss` the logits from which each row's last token is predicted.

    A batch has `input_ids`, `attention_mask` and `labels`, `(b, L)`, padded on the right, and `labels` is −100 but at
    the last token. Other keys are kept from the model. The loss is a *sum* over rows; it is divided by the number of
    verdicts of an update, so that neither accumulation nor processes change it.
    """

    def verdict_loss(self, logits: Tensor, batch: Mapping[str, Any]) -> tuple[Tensor, Mapping[str, Tensor]]:
        """From `(b, V)` logits to the sum of the rows' losses, and metrics `(b,)`."""
        raise NotImplementedError

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's method with another loss."""
        last = inputs["attention_mask"].sum(1) - 2  # where the verdict is predicted
        kept = torch.unique(last)
        keep = {"logits_to_keep": kept} if self._can_keep(model) else {}
        outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], **keep)
        columns = torch.searchsorted(kept, last) if keep else last
        logits = outputs.logits[torch.arange(len(last), device=last.device), columns].float()
        total, metrics = self.verdict_loss(logits, inputs)
        loss = total / (len(last) if num_items_in_batch is None else num_items_in_batch)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes  # the number is that of all of them, gradients are averaged
        log = self._metrics["train" if self.model.training else "eval"]
        for name, value in reduce_metrics(metrics, torch.ones_like(last), self.accelerator).items():
            log[name].append(value)
        return (loss, {"logits": logits}) if return_outputs else loss

    def _can_keep(self, model: Any) -> bool:
        """Whether the model can leave out the logits that nobody needs."""
        bare = self.accelerator.unwrap_model(model)
        bare = bare.get_base_model() if hasattr(bare, "get_base_model") else bare
        return "logits_to_keep" in inspect.signature(bare.forward).parameters
