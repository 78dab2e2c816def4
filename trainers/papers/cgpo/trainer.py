"""The trainers of CGPO: TRL's constructor with judges, or with strata that have judges of their own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from accelerate.utils import broadcast_object_list
from datasets import Dataset

from ...seam import ObjectiveConfig, ObjectiveTrainer, Policy
from .baseline import with_baselines
from .losses import Denominator, Unknown, require_denominator, require_kl_max
from .objective import CGPO
from .stratum import Optimizer, Stratum, combined_reward, filled_strata


@dataclass
class CGPOConfig(ObjectiveConfig):
    """The hyperparameters of all three optimizers; strata of one run may use different ones.

    The paper gives no numbers; the defaults are this project's.

    Raises:
        ValueError: a value without meaning, or a setting of GRPO's loss, none of which is part of CGPO's.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "delta": None,
        "epsilon": 0.2,
        "epsilon_high": None,
        "importance_sampling_level": "token",
        "loss_type": "dapo",
        "multi_objective_aggregation": "sum_then_normalize",
        "scale_rewards": "group",
    }

    num_generations: int = field(default=4, metadata={"help": "K: answers drawn for each prompt."})
    optimizer: Optimizer = field(default="crpg", metadata={"help": "'crpg', 'codpo' or 'crraft'."})
    kl_max: float = field(
        default=10.0,
        metadata={"help": "KL_max: nats per sequence that an answer may be from the reference; inf is no limit."},
    )
    codpo_beta: float = field(default=0.1, metadata={"help": "β of CODPO: scale of the log-ratios of a pair."})
    codpo_lambda: float = field(default=0.1, metadata={"help": "λ of CODPO: weight of the likelihood of a+."})
    denominator: Denominator = field(
        default="kept", metadata={"help": "CODPO and CRRAFT: mean over the 'kept' prompts, or over 'all'."}
    )
    baseline_fallback: bool = field(
        default=True,
        metadata={
            "help": "CRRAFT: the last of the num_generations answers of a prompt is its baseline answer, to imitate "
            "where no answer survives. False skips such prompts and leaves all K to the policy."
        },
    )
    baseline_kl_check: bool = field(
        default=False, metadata={"help": "CRRAFT: hold the baseline answer to kl_max too (the paper does not)."}
    )
    unknown: Unknown = field(
        default="leave out",
        metadata={"help": "Answers on which a judge failed and none is violated: 'leave out', or 'violated'."},
    )
    task_column: str = field(default="task", metadata={"help": "Column that names the stratum of a row."})
    baseline_column: str = field(
        default="baseline",
        metadata={"help": "Column of the baseline answer of a prompt; drawn before training if it is missing."},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require_kl_max(self.kl_max)
        require_denominator(self.denominator)


class CGPOTrainer(ObjectiveTrainer):
    """Trains on a reward model under the constraint of judges.

        trainer = CRPGTrainer(model, reward_funcs=helpfulness, judges=[MathJudge(), FormatJudge()],
                              args=CRPGConfig(kl_max=20.0), train_dataset=dataset)
        trainer = CGPOTrainer(model, strata={"math": Stratum(…), "chat": Stratum(…)}, args=…, train_dataset=dataset)

    The data set has the columns that reward model and judges read; `baseline`, one fixed answer a prompt (drawn from
    the policy at the start of training where the column is missing); and `task` where there are strata. How many
    prompts of each stratum a step sees follows from the data set.

    Args:
        reward_funcs: one reward model: any reward function, reward, judge, classification model or its name.
        judges: a judge or reward, or a list of judges; the label of an answer is whether all that apply have passed.
        strata: instead of `judges`, the settings of each task.

    Trap: the reference is loaded by the name of the model, so a model made in memory has to be saved first.
    """

    objective_class: ClassVar[type[CGPO]] = CGPO
    config_class: ClassVar[type[CGPOConfig]] = CGPOConfig

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: CGPOConfig | None = None,
        *more: Any,
        judges: Any = (),
        strata: Mapping[str, Stratum] | None = None,
        **named: Any,
    ) -> None:
        config: Any = self._config(model, args)
        filled = filled_strata(strata, judges, reward_funcs, config)
        reward = combined_reward(filled, config.task_column)
        super().__init__(model, reward, config, *more, objective=self.objective_class(config, filled), **named)

    def train(self, *args: Any, **named: Any) -> Any:
        """Train; baseline answers that are missing are drawn first, while the policy is the reference."""
        for name in ("train_dataset", "eval_dataset"):
            setattr(self, name, self._with_baselines(getattr(self, name)))
        return super().train(*args, **named)

    def evaluate(self, eval_dataset: Any = None, *args: Any, **named: Any) -> Any:
        """Evaluate; baseline answers that are missing are drawn first, from the policy as it is now."""
        if eval_dataset is None or isinstance(eval_dataset, str):  # a name is that of one of several
            self.eval_dataset: Any = self._with_baselines(self.eval_dataset)
        else:
            eval_dataset = self._with_baselines(eval_dataset)
        return super().evaluate(eval_dataset, *args, **named)

    def _with_baselines(self, dataset: Any) -> Any:
        column = self.policy_objective.config.baseline_column
        if isinstance(dataset, Mapping):
            return {name: self._with_baselines(part) for name, part in dataset.items()}
        if dataset is None or (dataset.column_names and column in dataset.column_names):
            return dataset
        if not isinstance(dataset, Dataset):
            raise ValueError(f"a streamed data set needs a column {column!r} with a baseline answer for each prompt")
        if self.state.global_step:
            warnings.warn(
                f"the data set has no column {column!r}: its baseline answers are drawn from the policy as trained so "
                "far, so its rewards cannot be compared with those against the first policy's answers",
                stacklevel=3,
            )
        drawn = [with_baselines(dataset, Policy(self), column)[column]]
        (answers,) = broadcast_object_list(drawn)  # every process measures against the same
        return dataset.add_column(column, list(answers))


@dataclass
class CRPGConfig(CGPOConfig):
    """CRPG: policy gradient on the calibrated, constrained, KL-limited reward."""

    optimizer: Optimizer = "crpg"


@dataclass
class CODPOConfig(CGPOConfig):
    """CODPO: DPO between the best satisfied and the worst violated answer."""

    optimizer: Optimizer = "codpo"


@dataclass
class CRRAFTConfig(CGPOConfig):
    """CRRAFT: weighted imitation of the best satisfied answer."""

    optimizer: Optimizer = "crraft"


class CRPGTrainer(CGPOTrainer):
    """`CGPOTrainer` with CRPG."""

    config_class: ClassVar[type[CGPOConfig]] = CRPGConfig


class CODPOTrainer(CGPOTrainer):
    """`CGPOTrainer` with CODPO."""

    config_class: ClassVar[type[CGPOConfig]] = CODPOConfig


class CRRAFTTrainer(CGPOTrainer):
    """`CGPOTrainer` with CRRAFT."""

    config_class: ClassVar[type[CGPOConfig]] = CRRAFTConfig
