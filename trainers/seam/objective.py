"""What a paper fills in: where advantages come from, what the loss is, how completions are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from torch import Tensor

from ...rewards import State
from ._micro_batches import AVERAGES, Average
from .batch import Batch
from .chain import Chain
from .policy import Policy
from .rollout import Rollout

Advantages = Tensor | Mapping[str, Tensor]
Metrics = Mapping[str, Tensor]
Part = Callable[[], tuple[Tensor, Metrics]]


class Objective:
    """TRL's own objective, of which a paper replaces the part it is about.

        class ZeroMean(Objective):
            def advantages(self, rollout):
                stats = group_stats(rollout.scores, rollout.group_ids)
                return (rollout.scores - stats.mean).nan_to_num()

        ObjectiveTrainer(model, reward_funcs, args=config, objective=ZeroMean(config), …)

    Every method left alone is TRL's: an objective without a `loss` trains with any `loss_type` of the config.
    The first four flags ask the trainer for what TRL would not compute by itself.
    """

    needs_old_logps: ClassVar[bool] = False
    """`old_logps` even when sampling and update are aligned (one more forward, without gradient)."""
    needs_old_entropies: ClassVar[bool] = False
    """`Rollout.old_entropies`, of the policy that sampled (they come with `old_logps`)."""
    needs_reference: ClassVar[bool] = False
    """`ref_logps` even with `beta=0`. The reference is the model of that name, or a copy of a model in memory."""
    whole_groups: ClassVar[bool] = False
    """All completions of a prompt in one micro-batch."""
    generates_in_evaluation: ClassVar[bool] = False
    """`generate` in evaluation too: hints, budgets and forced tokens are for training."""
    causal: ClassVar[bool] = True
    """Whether the policy predicts next tokens. If not, the trainer asks it for no log-probabilities (those of rollout
    and batch are `(b, 0)`), and `generate`, `advantages` and `loss` ask the model themselves."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def average(self) -> Average:
        """How micro-batches make an update: "rows", a mean over rows; "tokens", a sum over tokens divided by a number
        that does not depend on the micro-batch; or "", and their cut is left as it is (a `loss` that compares rows).

        With either of the first two the loss of a row without an advantage must have no gradient.
        """
        return "" if replaces(self, "loss") else AVERAGES.get(self.config.loss_type, "")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data set that the objective itself reads, beside those of the rewards; looked for at once."""
        return ()

    @property
    def states(self) -> dict[str, State]:
        """What it remembers across generations: saved and restored like the states of rewards. `advantages` updates it,
        from what is the same on every process."""
        return {}

    def advantages(self, rollout: Rollout) -> Advantages:
        """Advantages of one generation, called once per generation on every process.

        Returns either a tensor or a mapping with the key "advantages". The tensor is `(N,)` or `(N, T)` over all
        processes, or `(B,)` or `(B, T)` over this one's rows; finite, 0 for a row without a score.

        Other keys of the mapping are tensors with N or B rows; they follow their rows through shuffling and
        splitting and are `batch[name]` in `loss`. The key "keep", `(N,)`, `(B,)` or `(B, T)` booleans, takes rows
        or tokens out of the loss *and* its denominators.
        """
        return rollout.trl_advantages

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics] | list[Part]:
        """The loss of one micro-batch, and what to log about it.

        A list of functions is a loss in parts, their sum: each is called, and its part back-propagated, before the
        next one is called, so that the step needs the memory of one. A part makes its own pass through `batch.model`,
        and gives the same metrics as the others; they are averaged over parts.

        The loss is that of the micro-batch alone: the trainer divides by the accumulation steps. A metric `()` is
        averaged over processes, `(b,)` over rows, `(b, T)` over tokens of the loss; a name that ends in `_min` or
        `_max` logs the extreme of the row means instead.
        """
        raise NotImplementedError("the trainer uses TRL's own loss for an objective without one")

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        """Draw the completions: `chains` are empty, one for each row of this process, in order.

            def generate(self, chains, policy):
                for chain in chains:
                    chain.add(self.openings[chain.slot])
                policy.extend(chains)

        Left alone, TRL draws them itself, by whatever it has: images, tools, environments, a `rollout_func`. Another
        chain of the same prompt may be put in a place of the list. Called once per generation on every process.
        """
        policy.extend(chains)

    def draws(self, training: bool) -> bool:
        """Whether `generate` is asked, or TRL draws by itself: it is where it is filled in, and in training."""
        return replaces(self, "generate") and (training or self.generates_in_evaluation)


def replaces(objective: Objective, method: str) -> bool:
    """Whether the objective fills in this method itself."""
    return getattr(type(objective), method) is not getattr(Objective, method)
