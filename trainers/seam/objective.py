"""What a paper fills in: where advantages come from, what the loss is, how completions are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from .batch import Batch
from .policy import Generation, Policy
from .rollout import Rollout

Advantages = Tensor | Mapping[str, Tensor]
Metrics = Mapping[str, Tensor]


class Objective:
    """TRL's own objective, of which a paper replaces the part it is about.

        class ZeroMean(Objective):
            def advantages(self, rollout):
                stats = group_stats(rollout.scores, rollout.group_ids)
                return (rollout.scores - stats.mean).nan_to_num()

        ObjectiveTrainer(model, reward_funcs, args=config, objective=ZeroMean(config), …)

    Every method left alone is TRL's: an objective without a `loss` trains with any `loss_type` of the config.
    The three flags ask the trainer for what TRL would not compute by itself.
    """

    needs_old_logps: ClassVar[bool] = False
    """`old_logps` even when sampling and update are aligned (one more forward, without gradient)."""
    needs_reference: ClassVar[bool] = False
    """`ref_logps` even with `beta=0`. The reference is loaded by the name of the model."""
    whole_groups: ClassVar[bool] = False
    """All completions of a prompt in one micro-batch."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def advantages(self, rollout: Rollout) -> Advantages:
        """Advantages of one generation, called once per generation on every process.

        Returns either a tensor or a mapping with the key "advantages". The tensor is `(N,)` or `(N, T)` over all
        processes, or `(B,)` or `(B, T)` over this one's rows; finite, 0 for a row without a score.

        Other keys of the mapping are tensors with N or B rows; they follow their rows through shuffling and
        splitting and are `batch[name]` in `loss`. The key "keep", `(N,)`, `(B,)` or `(B, T)` booleans, takes rows
        or tokens out of the loss *and* its denominators.
        """
        return rollout.trl_advantages

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        """The loss of one micro-batch, and what to log about it.

        The loss is that of the micro-batch alone: the trainer divides by the accumulation steps. A metric `()` is
        averaged over processes, `(b,)` over rows, `(b, T)` over tokens of the loss; a name that ends in `_min` or
        `_max` logs the extreme of the row means instead.
        """
        raise NotImplementedError("the trainer uses TRL's own loss for an objective without one")

    def steer(self, generation: Generation) -> None:
        """Edit completions in place after they were drawn and before they are scored."""

    def rollout(self, prompts: list[Any], policy: Policy) -> dict[str, Any]:
        """Draw the completions, one per prompt (prompts come repeated `num_generations` times, consecutively).

        Returns lists "prompt_ids", "completion_ids" (never empty: at least the end token) and "logprobs" (or None),
        optionally "env_mask" (0 on tokens that are not the model's); other lists reach the reward functions and
        `rollout.rows` as columns.
        """
        raise NotImplementedError("the trainer uses TRL's own generation for an objective without one")


def replaces(objective: Objective, method: str) -> bool:
    """Whether the objective fills in this method itself."""
    return getattr(type(objective), method) is not getattr(Objective, method)
