"""The trainer of one adapter of the front: TRL's constructor with several rewards, and what they are weighed by."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch

from ....judges.options import one_of
from ....rewards import Sum, separate
from ...objectives import require_within
from ...seam import ObjectiveConfig, ObjectiveTrainer
from .barrier import BETA, SLACK_FLOOR, T, other_objectives, require_barrier
from .language import CMORL, CMORLBarrier
from .points import Points, as_weights

Form = Literal["advantage", "loss"]
SequenceRatio = Literal["sum", "mean"]


@dataclass
class CMORLConfig(ObjectiveConfig):
    """A `preference` for stage 1; an `objective` with its parent's values for stage 2.

    Raises:
        ValueError: both stages at once, half of one, or a number out of its range.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "multi_objective_aggregation": "sum_then_normalize",  # scalarise first, as the paper does
        "reward_weights": None,
    }

    preference: list[float] | None = field(
        default=None, metadata={"help": "Stage 1: a weight for each reward function, summing to 1; default equal ones."}
    )
    objective: int | None = field(default=None, metadata={"help": "Stage 2: which reward function is raised."})
    parent_value: list[float] | None = field(
        default=None, metadata={"help": "Stage 2: the parent's evaluated mean of each reward, which thresholds freeze."}
    )
    beta_constraint: float = field(
        default=BETA, metadata={"help": "β: the share of the parent's value that other objectives keep."}
    )
    barrier_t: float = field(default=T, metadata={"help": "t: a larger one is a weaker barrier; inf is none."})
    slack_floor: float = field(default=SLACK_FLOOR, metadata={"help": "Least slack of a constraint, in its own unit."})
    form: Form = field(default="advantage", metadata={"help": "Barrier in the 'advantage', or in the 'loss'."})
    mean_weight: float = field(
        default=0.3, metadata={"help": "Weight of a new generation in the running mean of the rewards."}
    )
    ratio: SequenceRatio = field(
        default="sum",
        metadata={"help": "Loss form: ρ of a sequence from the 'sum' of its log-ratios, or their 'mean'."},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_stage()

    def require_stage(self) -> None:
        """What `__post_init__` asks, again for a config that was changed."""
        one_of("form", self.form, get_args(Form))
        one_of("ratio", self.ratio, get_args(SequenceRatio))
        require_within(0.0, 1.0, beta_constraint=self.beta_constraint, mean_weight=self.mean_weight)
        require_barrier(self.barrier_t, self.slack_floor)
        if (self.objective is None) != (self.parent_value is None):
            raise ValueError("stage 2 needs both objective and parent_value: which reward is raised, and from where")
        if self.objective is not None and self.preference is not None:
            raise ValueError("give a preference (stage 1) or an objective with its parent_value (stage 2), not both")
        if self.preference is not None:
            as_weights(self.preference, len(self.preference))
        if self.parent_value is not None and self.objective is not None:
            if not all(map(math.isfinite, self.parent_value)):
                raise ValueError(f"parent_value must be finite numbers, not {self.parent_value}")
            other_objectives(self.objective, len(self.parent_value))

    def one_hot_or_preference(self, m: int) -> list[float]:
        """What TRL logs as the reward: the preferred sum, or the objective that is raised.

        Raises:
            ValueError: the rewards are not as many as the config says.
        """
        given = self.parent_value if self.preference is None else self.preference
        if given is not None and len(given) != m:
            name = "parent_value" if self.preference is None else "preference"
            raise ValueError(f"{name} has {len(given)} numbers for {m} reward functions: give one for each")
        if self.objective is not None:
            return [float(j == self.objective) for j in range(m)]
        return self.preference or [1 / m] * m


@dataclass(frozen=True, eq=False)
class ObjectiveValues:
    """Mean of each reward over prompts, and its standard error, `(m,)` both; NaN where nothing was scored."""

    mean: Points
    standard_error: Points


class CMORLTrainer(ObjectiveTrainer):
    """`GRPOTrainer` for one policy of a Pareto front; `discover_front` trains them all.

        weighted = CMORLConfig("out", preference=[0.3, 0.7])                          # stage 1
        extended = CMORLConfig("out", objective=1, parent_value=[0.8, 0.2])           # stage 2
        trainer = CMORLTrainer(model, [helpful, brief], args=extended, train_dataset=dataset)

    reward_funcs: a list of m reward functions, judges or rewards; or one sum, whose parts they are (its weights make
        room for the preference).

    Attributes:
        values: `ObjectiveValues` of the last evaluation, None before one. Evaluations draw with the same seed.

    Raises:
        ValueError: a config for another number of rewards.
    """

    objective_class: ClassVar[type[CMORL]] = CMORL
    config_class: ClassVar[type[CMORLConfig]] = CMORLConfig

    def __init__(
        self, model: Any, reward_funcs: Any = None, args: CMORLConfig | None = None, *more: Any, **named: Any
    ) -> None:
        config: Any = copy.copy(self._config(model, args))
        functions = parts_of(reward_funcs)
        config.reward_weights = config.one_hot_or_preference(len(functions))
        in_loss = config.form == "loss" and config.objective is not None
        if in_loss and named.get("objective") is None and self.objective_class is CMORL:
            named["objective"] = CMORLBarrier
        super().__init__(model, functions, config, *more, **named)

    @property
    def values(self) -> ObjectiveValues | None:
        """Of the last evaluation."""
        objective: CMORL = self.policy_objective  # type: ignore[assignment]
        return values_of(torch.cat(objective.evaluated)) if objective.evaluated else None

    def evaluate(self, *args: Any, **named: Any) -> Any:
        """TRL's evaluation; afterwards, and in callbacks, `values` has each objective's mean."""
        self.policy_objective.evaluated = []  # type: ignore[attr-defined]
        with torch.random.fork_rng():
            torch.manual_seed(self.args.seed + 1)
            return super().evaluate(*args, **named)


def values_of(rewards: torch.Tensor) -> ObjectiveValues:
    """From mean rewards of prompts, `(prompts, m)`, NaN where nothing was scored."""
    scored = (~rewards.isnan()).sum(0)
    mean = rewards.nanmean(0)
    squares = ((rewards - mean) ** 2).nansum(0)
    error = (squares / (scored - 1).clamp(min=1) / scored.clamp(min=1)).sqrt()
    return ObjectiveValues(mean.numpy(), torch.where(scored > 1, error, torch.nan).numpy())


def parts_of(reward_funcs: Any) -> list[Any]:
    """The reward functions one by one; those of a sum are its parts."""
    if isinstance(reward_funcs, Sum):
        return list(separate(reward_funcs))
    return (
        list(reward_funcs)
        if isinstance(reward_funcs, Sequence) and not isinstance(reward_funcs, str)
        else [reward_funcs]
    )
