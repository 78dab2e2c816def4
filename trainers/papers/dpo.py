"""DPO: preferences learned on the policy itself, which is its own reward model.

The optimum of E[r] − β·KL(π‖π_ref) is π = π_ref·exp(r/β)/Z, so a policy stands for the reward that it is the optimum
of, up to a constant of the prompt that cancels in a pair:

    r(x,y) = β log π(y|x)/π_ref(y|x) + β log Z(x)
    h      = [log π(y_w) − log π_ref(y_w)] − [log π(y_l) − log π_ref(y_l)]                   sums over tokens
    ℓ      = −log σ(βh)                                                                      DPO
    ℓ      = −(1−ε) log σ(βh) − ε log σ(−βh)                                                 conservative DPO
    ℓ      = (h − 1/(2β))²                                                                   IPO

"Direct Preference Optimization: Your Language Model is Secretly a Reward Model", arXiv 2305.18290.
"""

from __future__ import annotations

import copy
import math
import warnings
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import trl
from datasets import Dataset, IterableDataset
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid
from transformers import PreTrainedModel
from transformers.integrations import is_deepspeed_zero3_enabled

from ..objectives import require_equal_shapes
from ..seam import Pairs, PreferenceObjective, PreferenceTrainer
from ..seam.preference import PLAIN

IGNORED = -100
"""The label of a position that carries no loss."""


@dataclass(frozen=True, eq=False)
class PairLoss:
    """The losses of B pairs, `(B,)`, their mean, and what DPO says of the pairs; only losses carry a gradient.

    Attributes:
        chosen_rewards, rejected_rewards: `(B,)` β log π/π_ref of each answer.
        accuracy: share of pairs whose chosen answer has the *greater* reward: 0 where policy and reference agree.
        margin: mean difference of the two rewards.
    """

    losses: Tensor
    loss: Tensor
    chosen_rewards: Tensor
    rejected_rewards: Tensor
    accuracy: Tensor
    margin: Tensor


def dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    ipo: bool = False,
    reference_free: bool = False,
) -> PairLoss:
    """The loss of pairs from the log-probabilities of whole answers, `(B,)` each.

    >>> one = torch.tensor
    >>> dpo_loss(one([-10.0]), one([-12.0]), one([-11.0]), one([-11.0])).losses
    tensor([0.5981])

    label_smoothing: ε, the chance that a label is wrong; IPO ignores it. ipo: on sums of log-probabilities.
    reference_free: the loss takes the reference for uniform; the rewards do not.

    Trap: log-probabilities are *sums* over the tokens of an answer. Means make it another, length-normalised algorithm.

    Raises:
        ValueError: β or ε without meaning, no pairs, log-probabilities of different shapes or not finite.
    """
    require_beta(beta)
    _require_smoothing(label_smoothing)
    require_logps(
        policy_chosen_logps=policy_chosen_logps,
        policy_rejected_logps=policy_rejected_logps,
        reference_chosen_logps=reference_chosen_logps,
        reference_rejected_logps=reference_rejected_logps,
    )
    # The reference is subtracted first: the small differences of long answers survive in float32.
    chosen, rejected = policy_chosen_logps - reference_chosen_logps, policy_rejected_logps - reference_rejected_logps
    h = policy_chosen_logps - policy_rejected_logps if reference_free else chosen - rejected
    losses = (h - 1 / (2 * beta)) ** 2 if ipo else _smoothed(beta * h, label_smoothing)
    chosen_rewards, rejected_rewards = beta * chosen.detach(), beta * rejected.detach()
    return PairLoss(
        losses,
        losses.mean(),
        chosen_rewards,
        rejected_rewards,
        accuracy=(chosen_rewards > rejected_rewards).to(losses).mean(),
        margin=(chosen_rewards - rejected_rewards).mean(),
    )


def _smoothed(logits: Tensor, label_smoothing: float) -> Tensor:
    if not label_smoothing:
        return -logsigmoid(logits)
    return -(1 - label_smoothing) * logsigmoid(logits) - label_smoothing * logsigmoid(-logits)


def sequence_logps(logits: Tensor, labels: Tensor) -> Tensor:
    """`(B, T, V)` logits and `(B, T)` labels, −100 = ignored, to `(B,)` log-probabilities of the labelled tokens.

    Position t predicts label t + 1; half precision is raised to float32. An answer without tokens has 0.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    losses = cross_entropy(
        logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="none"
    )
    return -losses.view(labels.shape[0], -1).sum(dim=1)


def dpo_loss_from_logits(
    policy_chosen_logits: Tensor,
    policy_rejected_logits: Tensor,
    reference_chosen_logits: Tensor,
    reference_rejected_logits: Tensor,
    chosen_labels: Tensor,
    rejected_labels: Tensor,
    **options: Any,
) -> tuple[list[Tensor], PairLoss]:
    """The four `(B,)` log-probabilities of answers, in `dpo_loss`'s order, and their loss; `options` are its own.

    Raises:
        ValueError: as `dpo_loss`, logits that do not belong to their labels, or a label outside the vocabulary.
    """
    _require_labels(
        chosen_labels=chosen_labels,
        policy_chosen_logits=policy_chosen_logits,
        reference_chosen_logits=reference_chosen_logits,
    )
    _require_labels(
        rejected_labels=rejected_labels,
        policy_rejected_logits=policy_rejected_logits,
        reference_rejected_logits=reference_rejected_logits,
    )
    logps = [
        sequence_logps(policy_chosen_logits, chosen_labels),
        sequence_logps(policy_rejected_logits, rejected_labels),
        sequence_logps(reference_chosen_logits, chosen_labels),
        sequence_logps(reference_rejected_logits, rejected_labels),
    ]
    return logps, dpo_loss(*logps, **options)


def require_logps(**logps: Tensor) -> None:
    """Raise ValueError that names the first argument which is not `(B,)` finite numbers of at least one pair."""
    (first, expected), *_ = logps.items()
    for name, values in logps.items():
        if values.dim() != 1 or not len(values):
            raise ValueError(f"{name} has shape {tuple(values.shape)}: give one number a pair, of at least one pair")
        if values.shape != expected.shape:
            raise ValueError(f"{name} is of {len(values)} pairs, {first} of {len(expected)}")
        if not torch.isfinite(values).all():
            raise ValueError(f"{name} has a number that is not finite")


def _require_labels(**tensors: Tensor) -> None:
    """The first are `(B, T)` labels, the others `(B, T, V)` logits of theirs."""
    (of_labels, labels), *logits = tensors.items()
    require_equal_shapes(**dict(logits))
    for name, values in logits:
        if values.dim() != 3 or values.shape[:2] != labels.shape:
            raise ValueError(f"{name} has shape {tuple(values.shape)}, and {of_labels} {tuple(labels.shape)}")
        known = (labels == IGNORED) | ((labels >= 0) & (labels < values.shape[-1]))
        if not known.all():
            raise ValueError(f"{of_labels} has a label that is neither {IGNORED} nor a token of {name}")


def require_beta(beta: float) -> None:
    """Raise ValueError unless β is a positive number."""
    if not 0 < beta < math.inf:
        raise ValueError(f"beta={beta}: give a positive number, such as the paper's 0.1")


def _require_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 0.5:
        raise ValueError(f"label_smoothing={label_smoothing}: give the chance that a label is wrong, 0 to 0.5")


@dataclass
class PairConfig(trl.DPOConfig):
    """What DPO and f-DPO share: TRL's settings with the values of the released recipe.

    Its batches are of 64 pairs: that is `per_device_train_batch_size` × accumulation × processes, and yours to set.

    Raises:
        ValueError: a β without meaning, or an option of TRL that makes it another loss.
    """

    beta: float = field(default=0.1, metadata={"help": "β: how strongly the policy is held to the reference."})
    learning_rate: float = field(default=5e-7, metadata={"help": "The initial learning rate."})
    optim: str = field(default="rmsprop", metadata={"help": "The optimizer."})
    lr_scheduler_type: str = field(default="constant_with_warmup", metadata={"help": "The learning rate's schedule."})
    warmup_steps: float = field(default=150, metadata={"help": "Steps of linear warm-up."})
    max_grad_norm: float = field(default=10.0, metadata={"help": "The norm that gradients are clipped to."})
    num_train_epochs: float = field(default=1.0, metadata={"help": "Passes over the pairs."})
    max_length: int | None = field(default=512, metadata={"help": "Longest prompt with its answer, in tokens."})

    def __post_init__(self) -> None:
        require_beta(self.beta)
        super().__post_init__()
        for name, value in {**PLAIN, "ld_alpha": None}.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} makes it another loss than {type(self).__name__}'s: leave it at "
                    f"{value!r}, or use trl.DPOTrainer"
                )


class PairTrainer(PreferenceTrainer):
    """TRL's `DPOTrainer`, but the reference is the model that is passed in, and identical pairs are dropped.

    TRL loads the reference of a model in memory from the path that its config names: of a model that was trained since,
    that is an older one; of a model that was never saved, an error. Here it is a frozen copy.
    """

    def __init__(
        self,
        model: Any,
        ref_model: Any = None,
        args: Any = None,
        data_collator: Any = None,
        train_dataset: Any = None,
        *more: Any,
        **named: Any,
    ) -> None:
        args = self.config_class() if args is None else args
        # With an adapter, or before training, the model can be its own reference.
        own = named.get("peft_config") is not None or getattr(args, "precompute_ref_log_probs", False)
        if ref_model is None and not own and _can_be_copied(model):
            ref_model = copy.deepcopy(model).requires_grad_(False).eval()
        if isinstance(train_dataset, (Dataset, IterableDataset)):
            train_dataset = without_identical(train_dataset)
        super().__init__(model, ref_model, args, data_collator, train_dataset, *more, **named)


def _can_be_copied(model: Any) -> bool:
    """Not a path, not an adapter, not a part of a model that is divided among devices."""
    return isinstance(model, PreTrainedModel) and not is_deepspeed_zero3_enabled()


def without_identical(dataset: Dataset | IterableDataset) -> Dataset | IterableDataset:
    """The pairs whose answers differ; the gradients of equal answers cancel. Warns of how many were dropped."""
    kept = dataset.filter(_differ, input_columns=["chosen", "rejected"])
    if isinstance(dataset, Dataset) and len(kept) < len(dataset):
        warnings.warn(
            f"dropped {len(dataset) - len(kept)} of {len(dataset)} pairs: chosen and rejected are the same",
            stacklevel=3,
        )
    return kept


def _differ(chosen: Any, rejected: Any) -> bool:
    return bool(chosen != rejected)


@dataclass
class DPOConfig(PairConfig):
    """The paper's hyperparameters, and TRL's with the values of the released recipe.

    Raises:
        ValueError: a value without meaning, or an option of TRL that makes it another loss.
    """

    label_smoothing: float = field(
        default=0.0,
        metadata={"help": "ε: the chance that a label is wrong, as in conservative DPO; TRL's 'robust' is another."},
    )
    ipo: bool = field(
        default=False, metadata={"help": "IPO's squared loss, on sums; TRL's 'ipo' divides by each answer's length."}
    )
    reference_free: bool = field(
        default=False, metadata={"help": "Take the reference for uniform in the loss (not in the logged rewards)."}
    )

    def __post_init__(self) -> None:
        _require_smoothing(self.label_smoothing)
        if self.ipo and self.label_smoothing:
            raise ValueError(f"label_smoothing={self.label_smoothing} has no part in IPO: set it to 0, or ipo=False")
        super().__post_init__()


class DPO(PreferenceObjective):
    """The paper's loss: TRL's own, to the last bit."""


class DPOVariant(PreferenceObjective):
    """What the released code has beside it, and TRL has not: conservative DPO, IPO on sums, no reference."""

    def loss(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        result = dpo_loss(
            pairs.chosen_logps,
            pairs.rejected_logps,
            pairs.ref_chosen_logps,
            pairs.ref_rejected_logps,
            beta=config.beta,
            label_smoothing=config.label_smoothing,
            ipo=config.ipo,
            reference_free=config.reference_free,
        )
        return result.losses, {}


def objective(config: DPOConfig) -> PreferenceObjective:
    """The objective of a config's loss."""
    varied = config.label_smoothing or config.ipo or config.reference_free
    return DPOVariant(config) if varied else DPO(config)


class DPOTrainer(PairTrainer):
    """`trl.DPOTrainer` as the paper has it; the model as it starts is the reference.

    pairs = preferences(rows, reward, generate=ModelGenerator(sft), k=8)
    trainer = DPOTrainer(sft, args=DPOConfig("out", beta=0.5), train_dataset=pairs)
    """

    objective_class: ClassVar[Any] = staticmethod(objective)
    config_class: ClassVar[type[trl.DPOConfig]] = DPOConfig
