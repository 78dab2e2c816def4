"""The reward model: a language model that reads two answers and says with one token which is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax
from trl import SFTConfig

from ....judges.pairwise import ComparisonForm, Pair, VerdictTokens
from ...seam.verdicts import VerdictTrainer
from .losses import position_inconsistency, verdict_cross_entropy

IGNORED = -100


@dataclass
class PairwiseRMConfig(SFTConfig):
    """The settings of a reward model of pairs.

    Raises:
        ValueError: a value without meaning, or a setting of TRL's that belongs to another loss.
    """

    consistency_weight: float = field(
        default=1.0, metadata={"help": "w: weight of the penalty on orders that disagree; 0 leaves it out."}
    )
    full_vocab: bool = field(
        default=False,
        metadata={"help": "Cross-entropy over the whole vocabulary, as supervised fine-tuning, not over two tokens."},
    )
    remove_unused_columns: bool = field(default=False, metadata={"help": "Must stay False: the columns are read."})

    def __post_init__(self) -> None:
        if not self.consistency_weight >= 0:
            raise ValueError(f"consistency_weight={self.consistency_weight}: give 0 or more")
        for name, value in {"packing": False, "padding_free": False, "remove_unused_columns": False}.items():
            if getattr(self, name) != value:
                raise ValueError(f"a row is a comparison, both orders side by side: {name} must stay {value}")
        given: dict[str, Any] = getattr(self, "dataset_kwargs", None) or {}
        self.dataset_kwargs = {**given, "skip_prepare_dataset": True}
        super().__post_init__()


class PairwiseRMTrainer(VerdictTrainer):
    """`SFTTrainer` on preference pairs: both orders of every pair in the same micro-batch.

        trainer = PairwiseRMTrainer("Qwen/Qwen3-0.6B", args=PairwiseRMConfig("verdicts"), train_dataset=preferences)
        trainer.train()
        trainer.save_model()                   # judge = VerdictModel("verdicts")

    The data set has the columns `prompt`, `chosen` and `rejected`, texts or messages, and where it is known `label`,
    the probability that chosen is better (1). The language-model head stays: it is the reward model's.

    Args:
        form: the text of a comparison; give `VerdictModel` the same one.

    Raises:
        ValueError: a word of the form is not a single token.
    """

    def __init__(
        self, model: Any, args: PairwiseRMConfig | None = None, *, form: ComparisonForm | None = None, **named: Any
    ) -> None:
        args = PairwiseRMConfig() if args is None else args
        if not isinstance(args, PairwiseRMConfig):
            raise TypeError(f"PairwiseRMTrainer needs args=PairwiseRMConfig(…), got {type(args).__name__}")
        collator = Comparisons(form or ComparisonForm(), args.max_length)
        super().__init__(model, args, data_collator=collator, **named)
        collator.tokenizer = self.processing_class
        self.tokens = collator.tokens = collator.form.verdict_tokens(self.processing_class)

    def verdict_loss(self, logits: Tensor, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """Σ over both orders of CE, + 2w Σ of the pairs' inconsistency: divided by 2n it is L_RM."""
        first, second = logits[:, self.tokens.first], logits[:, self.tokens.second]
        margin, label = first - second, batch["first_wins"]
        if self.args.full_vocab:
            words = log_softmax(logits, dim=-1)
            losses = -label * words[:, self.tokens.first] - (1 - label) * words[:, self.tokens.second]
        else:
            losses = verdict_cross_entropy(margin, label)
        original, swapped = margin.chunk(2)
        apart = position_inconsistency(original, swapped)
        p_win = (original.sigmoid() + (-swapped).sigmoid()) / 2
        return losses.sum() + 2 * self.args.consistency_weight * apart.sum(), {
            "rm/cross_entropy": losses,
            "rm/accuracy": ((p_win > 0.5) == (label.chunk(2)[0] > 0.5)).float(),
            "rm/inconsistency": apart,
            "rm/p_win": p_win,
        }


class Comparisons:
    """The collator: n pairs to 2n rows, first all in the original order, then all swapped."""

    tokenizer: Any
    tokens: VerdictTokens

    def __init__(self, form: ComparisonForm, max_length: int | None) -> None:
        self.form = form
        self.max_length = max_length

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        labels = [float(1.0 if example.get("label") is None else example["label"]) for example in examples]
        pairs = [Pair(example["prompt"], example["chosen"], example["rejected"]) for example in examples]
        orders = [*zip(pairs, labels, strict=True), *((p.swapped(), 1 - y) for p, y in zip(pairs, labels, strict=True))]
        rows = [[*self._encode(pair), self._verdict(label)] for pair, label in orders]
        width = max(map(len, rows))
        return {
            "input_ids": torch.tensor([_padded(row, width, self.tokenizer.pad_token_id) for row in rows]),
            "attention_mask": torch.tensor([_padded([1] * len(row), width, 0) for row in rows]),
            "labels": torch.tensor([_padded([IGNORED] * (len(row) - 1) + row[-1:], width, IGNORED) for row in rows]),
            "first_wins": torch.tensor([label for _, label in orders]),
        }

    def _encode(self, pair: Pair) -> list[int]:
        longest = None if self.max_length is None else self.max_length - 1  # the verdict needs a place
        return self.form.encode(self.tokenizer, *pair.texts(), longest=longest)

    def _verdict(self, label: float) -> int:
        return self.tokens.first if label >= 0.5 else self.tokens.second


def _padded(row: list[int], width: int, value: int) -> list[int]:
    return [*row, *[value] * (width - len(row))]
