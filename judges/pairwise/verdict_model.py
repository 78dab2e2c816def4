"""A local language model that was trained to answer a comparison with one of two tokens."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

from ..pretrained import Pretrained
from ..verdict import Verdict
from .debias import sigmoid
from .form import ComparisonForm
from .pair import Pair
from .pairwise_judge import PairwiseJudge


class VerdictModel(PairwiseJudge):
    """q(first beats second) = σ( logit of "yes" − logit of "no" ), from one forward pass in each order.

        judge = VerdictModel("out/verdicts")            # what PairwiseRMTrainer saved
        judge.compare("Why is the sky blue?", answer, anchor)

    Nothing is generated: the two logits where the verdict belongs are all that counts.

    Reasons: as `PairwiseJudge`; abstaining with "too long" (the prompt leaves no room for two answers) or
    "not a finite number".

    Args:
        model, tokenizer, device, dtype, options: see `Pretrained`.
        form: the text of a comparison; the one the model was trained with.
        batch_size: comparisons of a forward pass.

    Raises:
        ValueError: a word of the form is not a single token.
    """

    name = "verdict_model"

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        form: ComparisonForm | None = None,
        batch_size: int = 16,
        device: Any = None,
        dtype: str | None = None,
        **options: Any,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch has at least 1 comparison, not {batch_size}")
        self.form = form or ComparisonForm()
        self.batch_size = batch_size
        self.pretrained = Pretrained(
            model, tokenizer, kind="AutoModelForCausalLM", device=device, dtype=dtype, **options
        )  # fmt: skip
        self.tokens = self.form.verdict_tokens(self.pretrained.tokenizer)

    def _first_wins(self, pairs: Sequence[Pair]) -> list[Verdict]:
        rows = [self._encoded(pair) for pair in pairs]
        readable = sorted({row for row in rows if row is not None}, key=len)
        margins: dict[tuple[int, ...], float] = {}
        for start in range(0, len(readable), self.batch_size):
            batch = readable[start : start + self.batch_size]
            margins.update(zip(batch, self._forward(batch), strict=True))
        return [Verdict(None, "skipped", "too long") if row is None else _said(margins[row]) for row in rows]

    def _encoded(self, pair: Pair) -> tuple[int, ...] | None:
        longest = getattr(self.pretrained.config, "max_position_embeddings", None)
        try:
            return tuple(self.form.encode(self.pretrained.tokenizer, *pair.texts(), longest=longest))
        except ValueError:
            return None

    def _forward(self, rows: Sequence[tuple[int, ...]]) -> list[float]:
        """The margin s of every row, from the logits behind its last token."""
        torch = importlib.import_module("torch")
        model = self.pretrained.placed()
        width = len(rows[-1])
        # Padded on the right: a causal model's earlier positions do not see it, whatever its position embedding.
        ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
        was_training = model.training
        model.eval()
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits
        model.train(was_training)
        ends = logits[range(len(rows)), [len(row) - 1 for row in rows]].double()
        return [float(s) for s in ends[:, self.tokens.first] - ends[:, self.tokens.second]]


def _said(margin: float) -> Verdict:
    if not math.isfinite(margin):
        return Verdict(None, "error", "not a finite number", {"margin": repr(margin)})
    return Verdict(sigmoid(margin))
