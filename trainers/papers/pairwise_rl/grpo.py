"""Pairwise reward without a critic: GRPO, with the chance of beating an anchor as its reward."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ...grpo import GRPO
from ...seam import ObjectiveConfig, ObjectiveTrainer


@dataclass
class PairwiseGRPOConfig(ObjectiveConfig):
    """GRPO as published, with the β of pairwise PPO; TRL's own defaults are others."""

    beta: float = field(default=0.05, metadata={"help": "β: coefficient of the KL divergence from the reference."})
    epsilon: float = field(default=0.2, metadata={"help": "ε: the clip of the policy's ratio."})
    loss_type: str = field(default="grpo", metadata={"help": "The average of the loss; here of the rows' own means."})
    use_bias_correction_kl: bool = field(default=False, metadata={"help": "TRL's factor ρ on the KL."})


class PairwiseGRPOTrainer(ObjectiveTrainer):
    """Group-relative advantages of a pairwise reward. This is not pairwise PPO: it has no critic.

        trainer = PairwiseGRPOTrainer(model, AnchorWinReward(judge), args=PairwiseGRPOConfig("out"), …)

    The anchor is the same for a whole group, so the group's mean removes what the prompt adds to a score in any case;
    the pairwise reward acts by its bounded, curved scale. With `scale_rewards="group"` only the curve is left.
    """

    objective_class: ClassVar[type[GRPO]] = GRPO
    config_class: ClassVar[type[PairwiseGRPOConfig]] = PairwiseGRPOConfig
