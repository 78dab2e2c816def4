"""PPO's clipped policy term under a mask: probabilities and entropy are those of what was allowed.

    ρ = π(a | allowed)/π_old(a | allowed)        L = −mean min( ρ A, clip(ρ, 1−ε, 1+ε) A )

The mask belongs to the sample: one that is applied when an action is drawn, and not again here, gives wrong ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...objectives.distributions import Categorical
from ...objectives.require import require_equal_shapes, require_finite
from ...objectives.surrogate import clipped_surrogate
from .decoder import require_some_allowed


@dataclass(frozen=True, eq=False)
class MaskedLoss:
    """loss: 0-d, the policy term alone. logp, entropy: `(B,)`, of the masked distribution, in nats."""

    loss: Tensor
    logp: Tensor
    entropy: Tensor


def masked_ppo_loss(
    logits: Tensor, mask: Tensor, action: Tensor, old_logp: Tensor, advantage: Tensor, *, clip: float = 0.2
) -> MaskedLoss:
    """The policy term of a batch.

    Args:
        logits: `(B, n)`; what is not allowed may be anything, and gets no gradient.
        mask: `(B, n)`, true where an action is allowed. action: `(B,)` integers.
        old_logp: `(B,)`, under the same mask. advantage: `(B,)`.

    Raises:
        ValueError: an action outside its mask, a row where nothing is allowed, or shapes or numbers that cannot be.
    """
    allowed = mask.bool()
    require_equal_shapes(logits=logits, mask=mask)
    require_equal_shapes(action=action, old_logp=old_logp, advantage=advantage)
    require_some_allowed(allowed)
    require_finite(allowed, logits=logits)
    require_finite(old_logp=old_logp, advantage=advantage)
    if ((action < 0) | (action >= logits.shape[-1])).any():
        raise ValueError(f"action is none of the {logits.shape[-1]} actions in some row")
    if not allowed.gather(-1, action.unsqueeze(-1)).all():
        raise ValueError("action is outside its mask in some row")
    policy = Categorical(logits, allowed)
    logp = policy.logp(action)
    ratio = (logp - old_logp.detach()).exp()
    return MaskedLoss(clipped_surrogate(ratio, advantage.detach(), clip, clip).mean(), logp, policy.entropy())
