"""The exact probability of a right answer, where there is one right completion: no sampling, no noise."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from .tasks import Row


def mean_by(column: str, rows: Sequence[Row], values: Sequence[float]) -> dict[str, float]:
    """Return the mean of one value a row for each entry of a column.

    >>> mean_by("operation", [{"operation": "max"}, {"operation": "min"}, {"operation": "max"}], [1.0, 0.5, 0.0])
    {'max': 0.5, 'min': 0.5}
    """
    found: dict[str, list[float]] = {}
    for row, value in zip(rows, values, strict=True):
        found.setdefault(str(row[column]), []).append(value)
    return {entry: fmean(several) for entry, several in found.items()}


@torch.no_grad()
def probability_right(policy: Any, tokenizer: Any, rows: Sequence[Row], *, column: str = "expected") -> Tensor:
    """Return `(N,)`: how likely the policy is to write exactly `row[column]` and then stop, at temperature 1.

    The policy's mode is left as it was.
    """
    prompts = [tokenizer(str(row["prompt"])).input_ids for row in rows]
    answers = [[*tokenizer(str(row[column])).input_ids, tokenizer.eos_token_id] for row in rows]
    # Padding is on the right, where causal attention needs no mask.
    length = max(len(prompt) + len(answer) for prompt, answer in zip(prompts, answers, strict=True))
    ids = torch.full((len(rows), length), tokenizer.pad_token_id)
    is_answer = torch.zeros_like(ids, dtype=torch.bool)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        whole = len(prompt) + len(answer)
        ids[row, :whole] = torch.tensor(prompt + answer)
        is_answer[row, len(prompt) : whole] = True
    logps = _next_token_logps(policy, ids.to(policy.device)).cpu()
    return (logps * is_answer[:, 1:]).sum(dim=1).exp()


def _next_token_logps(policy: Any, ids: Tensor) -> Tensor:
    """Return `(N, L - 1)`: log-probability of each token given those before it."""
    was_training = policy.training
    policy.eval()
    logits = policy(input_ids=ids).logits[:, :-1]
    policy.train(was_training)
    return logits.log_softmax(dim=-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
