"""For trainers that make their paper's reward of the judge they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..judges import Judge
from ..rewards import Function, Reward


def composed(reward_funcs: Any, node: type[Reward], config: Any, settings: Sequence[str]) -> list[Any]:
    """The reward functions, the first of them in `config.reward(…)` unless one is composed with the node already.

    settings: the fields of the config that `config.reward` reads.

    Raises:
        TypeError: the first is a reward model, which cannot say whether an answer is right.
        ValueError: some are composed already, so that settings of the config would be ignored.
    """
    rewards = list(reward_funcs) if isinstance(reward_funcs, (list, tuple)) else [reward_funcs]
    if not any(_has(node, reward) for reward in rewards):
        return [config.reward(_correctness(rewards[0] if rewards else None, node)), *rewards[1:]]
    plain = type(config).__dataclass_fields__
    if ignored := [name for name in settings if getattr(config, name) != plain[name].default]:
        raise ValueError(
            f"the reward is composed with {node.__name__} already, so {', '.join(ignored)} of the config would be "
            f"ignored: give them to {node.__name__}(...)"
        )
    return rewards


def _has(node: type[Reward], reward: Any) -> bool:
    return isinstance(reward, Reward) and any(isinstance(part, node) for part in reward.walk())


def _correctness(reward: Any, node: type[Reward]) -> Reward | Judge:
    """A judge or a reward as it is, a reward function as one."""
    if isinstance(reward, (Reward, Judge)):
        return reward
    if not callable(reward) or isinstance(reward, nn.Module):
        raise TypeError(
            f"{node.__name__} needs a judge that says whether an answer is right, not {type(reward).__name__}"
        )
    return Function(reward)
