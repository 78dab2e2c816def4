"""AdaptThink: a reasoning model learns when to think, and when to answer at once.

Half of every group is made to begin with `</think>`, the other half with a thought's first word. What skipping costs
against the model before training is in the advantages; the first token's true chance, p or 1 − p, is in the ratio.

"AdaptThink: Reasoning Models Can Learn When to Think", arXiv 2505.13417.
"""

from .loss import advantage, format_ok, policy_loss, rollout_split, sampled_logps
from .reference import with_ref_accuracy
from .trainer import AdaptThink, AdaptThinkConfig, AdaptThinkTrainer

__all__ = [
    "AdaptThink",
    "AdaptThinkConfig",
    "AdaptThinkTrainer",
    "advantage",
    "format_ok",
    "policy_loss",
    "rollout_split",
    "sampled_logps",
    "with_ref_accuracy",
]
