"""A stratum: one task's prompts, with the judges, the reward model, the optimizer and the limits that are its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from ....judges import Judge
from ....judges.mixture import MixtureOfJudges
from ....judges.options import one_of
from ....rewards import Function, Reward, Route, as_reward
from .losses import require_kl_max

Optimizer = Literal["crpg", "codpo", "crraft"]
ONLY = "cgpo"  # what the one stratum is called when there are no tasks


@dataclass(frozen=True)
class Stratum:
    """One task's settings; what is None is taken from the trainer's arguments and its config.

        strata={
            "math": Stratum(judges=[MathJudge(), FormatJudge()], k=8, kl_max=20.0),
            "chat": Stratum(judges=[polite], reward=helpfulness, optimizer="crraft", k=4, kl_max=5.0, rho=0.5),
        }

    Args:
        judges: a judge or reward whose verdict's `passed` is the label y, or a list of them: all that apply must pass.
            None of them: everything is satisfied.
        reward: the reward model r(s, a): any reward function, reward, judge or sequence classification model.
        optimizer: "crpg", "codpo" or "crraft".
        k: answers per prompt that count (K_l), the first of the `num_generations` that are drawn.
        kl_max: KL_max in nats per sequence; infinity is no limit.
        rho: weight of the task's loss (ρ_l); with 0 its gradient is left out.

    Raises:
        ValueError: k, kl_max or rho is out of range, or the optimizer unknown.
    """

    judges: Any = ()
    reward: Any = None
    optimizer: Optimizer | None = None
    k: int | None = None
    kl_max: float | None = None
    rho: float = 1.0
    constraint: Reward | Judge | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.optimizer is not None:
            one_of("optimizer", self.optimizer, get_args(Optimizer))
        if self.k is not None and self.k < 1:
            raise ValueError(f"k must be at least 1 answer per prompt, not {self.k}")
        if self.kl_max is not None:
            require_kl_max(self.kl_max)
        if not self.rho >= 0:
            raise ValueError(f"rho must not be negative, not {self.rho!r}")
        object.__setattr__(self, "constraint", _constraint(self.judges))

    def filled(self, config: Any, reward: Any) -> Stratum:
        """This stratum with nothing left open: the trainer's reward, the config's optimizer, K and KL limit.

        Raises:
            ValueError: there is no reward, or fewer answers are drawn than k asks for.
        """
        reward = self.reward if self.reward is not None else reward
        if reward is None:
            raise ValueError("a stratum without a reward needs the trainer's reward_funcs")
        optimizer = self.optimizer or config.optimizer
        drawn = config.num_generations - (optimizer == "crraft" and config.baseline_fallback)
        k = drawn if self.k is None else self.k
        if k > drawn:
            raise ValueError(f"k={k} answers per prompt, of which only {drawn} are drawn: raise num_generations")
        kl_max = config.kl_max if self.kl_max is None else self.kl_max
        return replace(self, reward=as_reward_model(reward), optimizer=optimizer, k=k, kl_max=kl_max)


def filled_strata(strata: Mapping[str, Stratum] | None, judges: Any, reward: Any, config: Any) -> dict[str, Stratum]:
    """The strata by the value of the task column; without tasks one that is called "cgpo".

    Raises:
        ValueError: judges were given beside strata, or there is no stratum.
    """
    if strata is None:
        strata = {ONLY: Stratum(judges=judges)}
    elif _given(judges):
        raise ValueError("give judges to the strata, not beside them")
    if not strata:
        raise ValueError("strata is empty: give one Stratum for each value of the task column")
    return {name: stratum.filled(config, reward) for name, stratum in strata.items()}


def combined_reward(strata: Mapping[str, Stratum], task_column: str) -> Reward:
    """One reward function for the trainer: the strata's common reward model, or each task's own."""
    rewards: list[Reward] = [stratum.reward for stratum in strata.values()]
    if all(reward == rewards[0] for reward in rewards):
        return rewards[0]
    return Route(task_column, {name: stratum.reward for name, stratum in strata.items()})


def as_reward_model(reward: Any) -> Reward:
    """A reward function, judge, reward, sequence classification model or its name as a node that gives numbers."""
    if isinstance(reward, (list, tuple)):
        if len(reward) != 1:
            raise ValueError(
                f"CGPO has one reward model, not {len(reward)}: compose them into one, such as a + 0.5 * b"
            )
        (reward,) = reward
    if isinstance(reward, (Reward, Judge)):
        return as_reward(reward)
    if isinstance(reward, str) or hasattr(reward, "state_dict"):
        from ....rewards.reward_model import RewardModel

        return RewardModel(reward)
    return Function(reward)


def _constraint(judges: Any) -> Reward | Judge | None:
    """The one judge whose verdict is the label."""
    if not _given(judges):
        return None
    if isinstance(judges, (Judge, Reward)):
        return judges
    if not isinstance(judges, Sequence) or isinstance(judges, str):
        raise TypeError(f"judges is a judge or a list of judges, not {type(judges).__name__}")
    return MixtureOfJudges(judges)


def _given(judges: Any) -> bool:
    return isinstance(judges, (Judge, Reward)) or (judges is not None and len(judges) > 0)
