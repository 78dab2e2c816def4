"""Pairwise-RL (arXiv 2504.04950): one paradigm from reward model to policy, an answer is judged beside another.

Where to read: `losses` has the formulas; `reward_model` trains a language model to say which of two answers is better;
`ppo` trains the policy with a critic, `grpo` without one. The reward in between is `rewards.AnchorWinReward`.
"""

from .grpo import PairwiseGRPOConfig, PairwiseGRPOTrainer
from .losses import (
    PPOAdvantages,
    PPOLoss,
    RMLoss,
    pairwise_ppo_advantages,
    pairwise_ppo_loss,
    pairwise_rm_loss,
    position_inconsistency,
    token_rewards,
    verdict_cross_entropy,
)
from .ppo import PairwisePPO, PairwisePPOConfig, PairwisePPOTrainer
from .reward_model import PairwiseRMConfig, PairwiseRMTrainer

__all__ = [
    "PPOAdvantages",
    "PPOLoss",
    "PairwiseGRPOConfig",
    "PairwiseGRPOTrainer",
    "PairwisePPO",
    "PairwisePPOConfig",
    "PairwisePPOTrainer",
    "PairwiseRMConfig",
    "PairwiseRMTrainer",
    "RMLoss",
    "pairwise_ppo_advantages",
    "pairwise_ppo_loss",
    "pairwise_rm_loss",
    "position_inconsistency",
    "token_rewards",
    "verdict_cross_entropy",
]
