"""Pairwise PPO: the chance of beating an anchor, earned by the last token and shared out by a critic that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor

from ...critic import CriticConfig, CriticObjective, CriticTrainer
from ...objectives import clipped_surrogate, clipped_tokens, importance_ratio, kl_k1
from ...seam import Batch, Rollout
from .losses import pairwise_ppo_advantages


@dataclass
class PairwisePPOConfig(CriticConfig):
    """The settings of pairwise PPO.

    Raises:
        ValueError: a value without meaning, or a setting of TRL's that this objective would ignore.
    """

    # PPO clips one ratio a token, on two sides
    fixed: ClassVar[Mapping[str, Any]] = {**CriticConfig.fixed, "importance_sampling_level": "token", "delta": None}

    anchor_column: str = field(
        default="anchor", metadata={"help": "The column with the anchor, which the critic reads and the policy not."}
    )
    beta: float = field(default=0.05, metadata={"help": "β: cost of a nat away from the reference, in each token."})
    epsilon: float = field(default=0.2, metadata={"help": "ε: the clip of the policy's ratio."})
    epsilon_high: float | None = field(default=None, metadata={"help": "Upper ε, where it differs."})
    loss_type: str = field(default="dapo", metadata={"help": "The average of both losses; here over all tokens."})
    whiten_eps: float = field(default=1e-8, metadata={"help": "Added to the variance of the advantages."})
    num_iterations: int = field(default=4, metadata={"help": "Updates of policy and critic on a generation."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.beta >= 0:
            raise ValueError(f"beta={self.beta}: give 0 or more")


class PairwisePPO(CriticObjective):
    """Advantages by GAE on the critic's values, the clipped surrogate, and the critic's clipped loss.

    A completion without a reward, for want of an anchor or of a verdict, is left out of everything.
    """

    @property
    def anchor(self) -> str:  # type: ignore[override]
        return str(self.config.anchor_column)

    def advantages(self, rollout: Rollout) -> dict[str, Tensor]:
        config = self.config
        scores = rollout.local(rollout.scores)
        scored = ~scores.isnan()
        mask = rollout.mask * scored.unsqueeze(1)
        contexts = self.read(rollout)
        values = self.values(contexts, rollout.completion_ids)
        assert rollout.old_logps is not None
        reference = rollout.old_logps if rollout.ref_logps is None else rollout.ref_logps
        estimate = pairwise_ppo_advantages(
            rollout.old_logps,
            reference,
            values,
            scores.nan_to_num(),
            mask,
            kl_coef=config.beta,
            gamma=config.gae_gamma,
            gae_lambda=config.gae_lambda,
            whiten_eps=config.whiten_eps,
            gather=rollout.gather,
        )
        self._log(rollout, kl_k1(rollout.old_logps, reference), mask)
        return {
            "advantages": estimate.whitened_advantages,
            "keep": scored,
            **self.fit(contexts, values, estimate.returns),
        }

    def _log(self, rollout: Rollout, kl: Tensor, mask: Tensor) -> None:
        tokens, total = rollout.gather(mask.sum(1)).sum(), rollout.gather((kl * mask).sum(1)).sum()
        rollout.log("kl", total / tokens.clamp(min=1))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        eps_high = config.epsilon if config.epsilon_high is None else config.epsilon_high
        ratio = importance_ratio(batch.logps, batch.old_logps, batch.mask)
        per_token = clipped_surrogate(ratio, batch.advantages, config.epsilon, eps_high)
        low, high = clipped_tokens(ratio, batch.advantages, config.epsilon, eps_high)
        if batch.sampling_ratio is not None:
            per_token = per_token * batch.sampling_ratio
        value_loss, metrics = self.value_loss(batch)
        return self.aggregate(batch, per_token) + config.value_coef * value_loss, {
            "ppo/policy_loss": per_token,
            "clip_ratio/low_mean": low,
            "clip_ratio/high_mean": high,
            **metrics,
        }


class PairwisePPOTrainer(CriticTrainer):
    """The paper's policy optimisation: PPO with a critic, on the chance of beating each prompt's anchor.

        reward = AnchorWinReward(VerdictModel("verdicts"))
        trainer = PairwisePPOTrainer(model, reward, args=PairwisePPOConfig("out"), train_dataset=dataset)

    The data set has the columns `prompt` and `anchor`. Without a critic, in groups: `PairwiseGRPOTrainer`.
    """

    objective_class: ClassVar[type[PairwisePPO]] = PairwisePPO
    config_class: ClassVar[type[PairwisePPOConfig]] = PairwisePPOConfig
