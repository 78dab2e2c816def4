"""What objectives with a critic share: reading a context, values before an update, and the critic's loss in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...judges import completion_text
from ..objectives import aggregate
from ..seam import Batch, Objective, Rollout
from .model import Contexts, Critic
from .value_loss import clipped_value_loss, explained_variance


class CriticObjective(Objective):
    """An objective whose `advantages()` uses `read` and `values`, returns `fit(…)` beside its advantages, and adds
    `value_loss(batch)` to its loss.

    critic, tokenizer: given by `CriticTrainer`. anchor: a column that the critic reads before the prompt.
    """

    needs_old_logps: ClassVar[bool] = True

    critic: Critic
    tokenizer: Any
    anchor: str = ""

    def read(self, rollout: Rollout) -> Contexts:
        """What the critic reads before each of this process's completions: the policy's prompt, and the anchor."""
        pad = self.tokenizer.pad_token_id
        anchors = [anchor_text(row, self.anchor) for row in rollout.rows]
        before = self.tokenizer(anchors, add_special_tokens=False)["input_ids"] if any(anchors) else [[]] * len(anchors)
        prompts = [ids[mask > 0].tolist() for ids, mask in zip(rollout.prompt_ids, rollout.prompt_mask, strict=True)]
        contexts = [[*anchor, *prompt] for anchor, prompt in zip(before, prompts, strict=True)]
        rows = [ids[-self.config.max_context_length :] or [pad] for ids in contexts]
        return Contexts.of(rows, pad, rollout.completion_ids.device)

    @torch.no_grad()
    def values(self, contexts: Contexts, completion_ids: Tensor) -> Tensor:
        """`(B, T)` V before each token, without a gradient; row blocks of the size of a micro-batch."""
        size = self.config.per_device_train_batch_size
        blocks = range(0, len(completion_ids), size)
        return torch.cat([self.critic(contexts[i : i + size], completion_ids[i : i + size]) for i in blocks])

    def fit(self, contexts: Contexts, values: Tensor, returns: Tensor) -> dict[str, Tensor]:
        """The columns that `value_loss` will find in its batch."""
        names = ("context_ids", "context_mask", "values", "returns")
        return dict(zip(names, (contexts.ids, contexts.mask, values, returns), strict=True))

    def value_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The critic's loss, not yet weighed, and what to log about it."""
        values = self.critic(Contexts(batch["context_ids"], batch["context_mask"]), batch.completion_ids)
        per_token = clipped_value_loss(values, batch["values"], batch["returns"], self.config.value_clip_epsilon)
        return self.aggregate(batch, per_token), {
            "critic/value": values,
            "critic/value_loss": per_token,
            "critic/explained_variance": explained_variance(values.detach(), batch["returns"], batch.mask),
        }

    def aggregate(self, batch: Batch, per_token: Tensor) -> Tensor:
        """The average that `loss_type` asks for."""
        loss_type = self.config.loss_type
        return aggregate(per_token, batch.mask, loss_type, num_items=batch.num_items, max_length=batch.max_length)


def anchor_text(row: Mapping[str, Any], column: str) -> str:
    r"""The anchor in the column of that name as a line, empty without one.

    >>> anchor_text({"anchor": "2"}, "anchor"), anchor_text({"anchor": None}, "anchor"), anchor_text({}, "")
    ('2\n', '', '')
    """
    answer = row.get(column) if column else None
    return "" if answer is None else f"{completion_text(answer)}\n"
