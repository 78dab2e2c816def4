"""The trainer of objectives with a critic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

from ..objectives import Aggregation
from ..seam import ObjectiveConfig
from ..seam.companion import CompanionTrainer
from .model import Critic, backbone_of
from .objective import CriticObjective


@dataclass
class CriticConfig(ObjectiveConfig):
    """What a critic adds to an objective's settings.

    Raises:
        ValueError: a value without meaning, or a `loss_type` other than the four averages.
    """

    # Advantages are the critic's, not those of a group.
    fixed: ClassVar[Mapping[str, Any]] = {
        "multi_objective_aggregation": "sum_then_normalize",
        "scale_rewards": "group",
    }

    value_coef: float = field(default=0.1, metadata={"help": "c_v: weight of the critic's loss."})
    value_clip_epsilon: float = field(
        default=0.2, metadata={"help": "ε_v: how far a value may move in the updates of a generation."}
    )
    critic_learning_rate: float | None = field(
        default=None, metadata={"help": "Learning rate of the critic; by default the policy's."}
    )
    gae_gamma: float = field(default=1.0, metadata={"help": "γ: discount from token to token."})
    gae_lambda: float = field(default=0.95, metadata={"help": "λ: how far an advantage trusts rewards over values."})
    max_context_length: int = field(
        default=1024, metadata={"help": "Tokens the critic reads before a completion, the last ones."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss_type not in get_args(Aggregation):
            raise ValueError(f"loss_type={self.loss_type!r}: give {', '.join(map(repr, get_args(Aggregation)))}")
        for name in ("value_coef", "value_clip_epsilon"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)}: give a number above 0")
        for name in ("gae_gamma", "gae_lambda"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)}: give a number from 0 to 1")
        if self.max_context_length < 1:
            raise ValueError(f"max_context_length={self.max_context_length}: the critic reads at least 1 token")


class CriticTrainer(CompanionTrainer):
    """`ObjectiveTrainer` for a `CriticObjective`.

    critic_model: the model a critic starts from, an object or a name; by default a copy of the policy's transformer.
    The critic learns with all its parameters, also where the policy has an adapter.
    """

    config_class: ClassVar[type[CriticConfig]] = CriticConfig
    companion_file = "critic.pt"

    def __init__(self, model: Any, *args: Any, critic_model: Any = None, **named: Any) -> None:
        backbone = backbone_of(model if critic_model is None else critic_model)  # before TRL changes the model
        super().__init__(model, *args, **named)
        self.companion = self.critic = Critic(backbone).to(self.accelerator.device)
        if (rate := self.args.critic_learning_rate) is not None:
            self.companion_group = {"lr": rate}
        if not isinstance(self.policy_objective, CriticObjective):
            raise TypeError(
                f"{type(self).__name__} trains a CriticObjective, not {type(self.policy_objective).__name__}"
            )
        self.policy_objective.critic = self.critic
        self.policy_objective.tokenizer = getattr(self.processing_class, "tokenizer", self.processing_class)
