"""A language model's likelihood as the score of a context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class Likelihood:
    """Mean log-probability of a text behind the joined chunks; higher is better.

        ChunkSearch(Likelihood(model, tokenizer), budget=200)                         the question: needs no answer
        ChunkSearch(Likelihood(model, tokenizer, target=answer_of), budget=200)       the answer: to prepare data only

    A score by the gold answer knows what is asked for: it may choose contexts for training data, and must not choose
    them where answers are measured.

    Args:
        model, tokenizer: a causal language model of transformers.
        target: query -> the text whose likelihood is measured; by default the query itself.
        template: text with {context}, {query} and, at its end, {target}.
        batch: sequences in one forward pass.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        target: Any = None,
        template: str = "{context}\n\nQuestion: {target}",
        join: str = "\n\n",
        batch: int = 8,
    ) -> None:
        if not template.endswith("{target}"):
            raise ValueError(
                f"template={template!r}: the text whose likelihood is measured stands at the end, {{target}}"
            )
        self.model, self.tokenizer, self.batch = model, tokenizer, batch
        self.target = target or (lambda query: query)
        self.template, self.join = template, join

    @torch.no_grad()
    def __call__(self, query: str, sequences: list[list[str]]) -> list[float]:
        """One number a sequence."""
        end = self.tokenizer(str(self.target(query)), add_special_tokens=False).input_ids
        heads = [
            self.tokenizer(self.template.format(context=self.join.join(chunks), query=query, target="")).input_ids
            for chunks in sequences
        ]
        scores: list[float] = []
        for start in range(0, len(heads), self.batch):
            scores += self._scored(heads[start : start + self.batch], end)
        return scores

    def _scored(self, heads: Sequence[list[int]], end: list[int]) -> list[float]:
        rows = [[*head, *end] for head in heads]
        longest = max(map(len, rows))
        ids = torch.tensor([[end[0]] * (longest - len(row)) + row for row in rows], device=self.model.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=self.model.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        logits = self.model(input_ids=ids, attention_mask=mask, position_ids=positions).logits[:, -len(end) - 1 : -1]
        logps = logits.float().log_softmax(-1).gather(-1, ids[:, -len(end) :, None])[..., 0]
        return [float(score) for score in logps.mean(1)]
