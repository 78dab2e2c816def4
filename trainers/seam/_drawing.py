"""From drawn chains to what TRL's generation hands on: checked, never empty, each row under its own prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .chain import MODEL, Chain

# Names that a row, or TRL's dictionary of a rollout, has already.
TAKEN = frozenset({"prompt", "completion", "prompt_ids", "completion_ids", "logprobs", "env_mask"})


def require_same_rows(chains: Sequence[Chain], before: Sequence[Chain]) -> None:
    """Raises ValueError unless each place holds a chain of its own prompt, and no chain two places."""
    if len(chains) != len(before):
        raise ValueError(f"generate() must keep {len(before)} chains, and left {len(chains)}")
    for place, (chain, expected) in enumerate(zip(chains, before, strict=True)):
        if chain.group != expected.group:
            raise ValueError(f"generate() put a chain of prompt {chain.group} in a place of prompt {expected.group}")
        if any(chain is other for other in chains[:place]):
            raise ValueError(f"generate() put one chain in two places of prompt {chain.group}: give each a branch()")


def as_rollout(chains: Sequence[Chain], *, logprobs: bool, gather: Callable[[list[Any]], list[Any]]) -> dict[str, Any]:
    """What TRL's `rollout_func` returns.

    logprobs: whether the sampler's are wanted; TRL reads NaN, of a token that it did not draw, as a ratio of 1.

    Raises:
        ValueError: a column under a name that a row already has.
    """
    for chain in chains:
        if not chain.ids:
            chain.add([chain.tokenizer.eos_token_id], trained=False)  # the model did not draw it
    own = dict.fromkeys(name for chain in chains for name in chain.columns)
    names = dict.fromkeys(gather(list(own)))  # every process must hand on the same
    if taken := sorted(names.keys() & TAKEN):
        raise ValueError(f"a chain has the column {', '.join(taken)}, which every row has: choose another name")
    given = logprobs or any(not math.isnan(value) for chain in chains for value in chain.logprobs)
    return {
        "prompt_ids": [chain.prompt_ids for chain in chains],
        "completion_ids": [chain.ids for chain in chains],
        "logprobs": [chain.logprobs for chain in chains] if given else None,
        "env_mask": [[int(trained) for trained in chain.trained] for chain in chains],
        **{name: [chain.columns.get(name) for chain in chains] for name in names},
    }


def completions_of(chains: Sequence[Chain], parsed: Sequence[Any]) -> list[Any]:
    """What reward functions see; parsed: TRL's reading, kept where only the model spoke (it finds tool calls)."""
    return [
        read if chain.answer is None and all(turn.role == MODEL for turn in chain.turns) else chain.completion
        for chain, read in zip(chains, parsed, strict=True)
    ]
