"""DR-RPO for language models: the worst case over domains, near a reference policy by a KL term."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from ....rewards.worst_case import Divergence, robust_expectation
from ...seam import Objective, ObjectiveConfig, ObjectiveTrainer, Rollout
from .domains import domain_weights


@dataclass
class DRRPOConfig(ObjectiveConfig):
    """The ball around the mixture of domains, the column that names them, and the price of leaving the reference.

    Raises:
        ValueError: an unknown divergence or a radius below 0.
    """

    rho: float = field(default=0.3, metadata={"help": "ρ: radius of the ball around the domains' shares of the rows."})
    divergence: Divergence = field(default="tv", metadata={"help": "D: the ball's divergence: 'tv', 'kl' or 'chi2'."})
    domain_column: str = field(default="domain", metadata={"help": "Column of the data set that names the domain."})

    loss_type: str = field(default="dapo", metadata={"help": "The average of the loss; here over all tokens."})
    beta: float = field(default=0.05, metadata={"help": "η: price of one nat of KL from the reference policy."})
    scale_rewards: str = field(
        default="none",
        metadata={"help": "Only 'none' leaves rewards in the unit in which η is a price and ρ compares domains."},
    )

    def __post_init__(self) -> None:
        robust_expectation([0.0], None, self.divergence, self.rho)  # says what is wrong with them
        super().__post_init__()


class DRRPO(Objective):
    """TRL's advantages times the adversary's weight of the row's domain; the loss is TRL's own."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.config.domain_column,)

    def advantages(self, rollout: Rollout) -> Tensor:
        config = self.config
        column = rollout.column(config.domain_column)
        found = domain_weights(rollout.scores, column, divergence=config.divergence, rho=config.rho)
        if found.domains:
            rollout.log("robust/value", found.value)
        for name, domain in found.domains.items():
            rollout.log(f"robust/{name}/reward", domain.mean)
            rollout.log(f"robust/{name}/weight", domain.weight)
        return rollout.trl_advantages * rollout.local(found.rows)


class DRRPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that lifts the domain with the least reward first.

        trainer = DRRPOTrainer(model, reward, args=DRRPOConfig("out", domain_column="task"), train_dataset=dataset)

    With a radius of 0, or one domain, it is GRPO.
    """

    objective_class: ClassVar[type[DRRPO]] = DRRPO
    config_class: ClassVar[type[DRRPOConfig]] = DRRPOConfig
