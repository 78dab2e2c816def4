"""The reward of RL-Struct: structure first, content second, as a weighted sum of five judges.

    R = w_valid R_valid + w_struct R_struct + w_format R_format + w_correct R_correct + w_length R_length

R_length is in [-1, 0], the other four in [0, 1]. The weights are ordered so that text without structure can never win
by its content; the paper publishes their order and not their numbers, which are this project's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..judges.options import finite
from ..judges.structured import (
    FieldF1Judge,
    Form,
    JSONObjectJudge,
    KeyCoverageJudge,
    OuterFormJudge,
    OutsideLength,
)
from .arithmetic import Sum
from .leaf import as_reward
from .reward import Reward

STRUCTURED_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"valid": 2.0, "struct": 1.0, "format": 0.5, "correct": 0.5, "length": 0.25}
)


def structured_reward(
    keys: Sequence[str] | None = None,
    *,
    keys_column: str | None = None,
    reference: str = "reference",
    weights: Mapping[str, float] | None = None,
    form: Form = "either",
    length_min: int = 1,
    length_max: int = 200,
) -> Sum:
    """The composed reward; its parts are named valid, struct, format, correct and length.

    >>> reward = structured_reward(["reasoning", "answer"])
    >>> reward.verdict('{"reasoning": "mix"}', reference={"reasoning": "mix and bake", "answer": "bread"}).score
    3.125

    As five reward functions, which TRL logs one by one, it is `list(reward.parts)` with the `reward_weights`
    `[weight for weight, _ in reward.terms]`: the same numbers wherever no part abstains.

    Args:
        keys, keys_column: K, the required keys, or the column that holds each row's.
        reference: the column of the reference (see `FieldF1Judge`).
        weights: by part; one that is not given keeps its default, and 0 leaves a part to the log.
        form: the outer form that earns R_format.
        length_min, length_max: the lengths in tokens that cost nothing.
    """
    weighted = checked_weights(weights or {})
    parts: dict[str, Reward] = {
        "valid": as_reward(JSONObjectJudge()),
        "struct": as_reward(KeyCoverageJudge(keys) if keys_column is None else KeyCoverageJudge(keys, keys_column)),
        "format": as_reward(OuterFormJudge(form)),
        "correct": as_reward(FieldF1Judge(reference)),
        "length": Sum(((-1.0, as_reward(OutsideLength(length_min, length_max))),)),
    }
    return Sum(tuple((weighted[name], part.named(name)) for name, part in parts.items()))


def checked_weights(given: Mapping[str, float]) -> dict[str, float]:
    """The weight of every part.

    Raises:
        ValueError: a weight of something else, or one that is negative, infinite or NaN.
    """
    if unknown := sorted(given.keys() - STRUCTURED_WEIGHTS.keys()):
        raise ValueError(f"there is no part {', '.join(unknown)}; weights are for {', '.join(STRUCTURED_WEIGHTS)}")
    weights = {
        name: finite(weight, f"the weight of {name}") for name, weight in {**STRUCTURED_WEIGHTS, **given}.items()
    }
    if negative := [name for name, weight in weights.items() if weight < 0.0]:
        raise ValueError(f"the weight of {negative[0]} must be 0 or more, not {weights[negative[0]]!r}")
    return weights
