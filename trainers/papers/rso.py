"""RSO: fit the policy on pairs of the policy one would like to have, with a logistic or a hinge loss.

    d(y)          = log π(y|x) − log π_sft(y|x)                                 sums over the tokens of y
    sigmoid-norm  : −log σ( γ (d_w − d_l) )                                     as DPO, with γ for β
    hinge-norm    : max(0, 1 − γ (d_w − d_l))
    hinge         : max(0, 1 − γ (log π(y_w) − log π(y_l)))                     no reference
    SLiC          : max(0, δ − log π(y_w) + log π(y_l)) − λ log π(y_target)     hinge = γ · SLiC with δ = 1/γ, λ = 0

The pairs come from `jurybox.rewards.preferences` with `select="rso"`; γ is independent of the β they were sampled with.

"Statistical Rejection Sampling Improves Preference Optimization", arXiv 2309.06657.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from torch import Tensor
from torch.nn.functional import logsigmoid
from trl import DPOConfig

from ..seam import Pairs, PreferenceObjective, PreferenceTrainer
from .dpo import require_logps

Loss = Literal["sigmoid_norm", "hinge_norm", "hinge", "slic"]

NATIVE = {"sigmoid_norm": "sigmoid", "hinge_norm": "hinge"}
"""What TRL calls the losses it has. Its own "sigmoid_norm" divides by length: another loss."""


def rso_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    sft_chosen_logps: Tensor | None = None,
    sft_rejected_logps: Tensor | None = None,
    *,
    loss: Literal["sigmoid_norm", "hinge_norm", "hinge"] = "sigmoid_norm",
    gamma: float = 0.05,
) -> Tensor:
    """The loss of each pair, `(n,)`, of sequence log-probabilities `(n,)`; "hinge" needs none of the SFT policy.

    >>> import torch
    >>> zero, ten = torch.tensor([0.0]), torch.tensor([10.0])
    >>> rso_loss(ten, zero, zero, zero, loss="hinge_norm")
    tensor([0.5000])

    Raises:
        ValueError: an unknown loss, γ that is not positive, log-probabilities of different shapes or not finite.
    """
    _require_gamma(gamma)
    if loss not in (*NATIVE, "hinge"):
        raise ValueError(f"loss={loss!r}: give 'sigmoid_norm', 'hinge_norm' or 'hinge'")
    require_logps(policy_chosen_logps=policy_chosen_logps, policy_rejected_logps=policy_rejected_logps)
    if loss == "hinge":
        margin = policy_chosen_logps - policy_rejected_logps
    else:
        chosen, rejected = _present(sft_chosen_logps=sft_chosen_logps, sft_rejected_logps=sft_rejected_logps)
        require_logps(policy_chosen_logps=policy_chosen_logps, sft_chosen_logps=chosen, sft_rejected_logps=rejected)
        # The SFT policy's is subtracted first: the small differences of long answers survive in float32.
        margin = (policy_chosen_logps - chosen) - (policy_rejected_logps - rejected)
    return -logsigmoid(gamma * margin) if loss == "sigmoid_norm" else (1 - gamma * margin).relu()


def _present(**logps: Tensor | None) -> list[Tensor]:
    if missing := [name for name, values in logps.items() if values is None]:
        raise ValueError(f"{missing[0]} is missing: only loss='hinge' does without the SFT policy")
    return [values for values in logps.values() if values is not None]


def slic_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    policy_reference_target_logps: Tensor,
    *,
    delta: float,
    reg_weight: float = 0.0,
) -> Tensor:
    """SLiC's loss of each pair, `(n,)`: a margin of `delta` nats, and λ = `reg_weight` on a target's likelihood.

    Raises:
        ValueError: δ that is not positive, λ that is negative, log-probabilities of different shapes or not finite.
    """
    _require_slic(delta, reg_weight)
    require_logps(
        policy_chosen_logps=policy_chosen_logps,
        policy_rejected_logps=policy_rejected_logps,
        policy_reference_target_logps=policy_reference_target_logps,
    )
    hinge = (delta - policy_chosen_logps + policy_rejected_logps).relu()
    return hinge - reg_weight * policy_reference_target_logps


def _require_gamma(gamma: float) -> None:
    if not 0 < gamma < math.inf:
        raise ValueError(f"gamma={gamma}: give a positive number, such as the paper's 0.05")


def _require_slic(delta: float, reg_weight: float) -> None:
    if not 0 < delta < math.inf:
        raise ValueError(f"delta={delta}: give a positive margin in nats, such as 1/gamma")
    if not 0 <= reg_weight < math.inf:
        raise ValueError(f"reg_weight={reg_weight}: give 0 or a positive weight")


@dataclass
class RSOConfig(DPOConfig):
    """The paper's hyperparameters; TRL's `loss_type` and `beta` follow from `loss` and `gamma`.

    Raises:
        ValueError: a value without meaning, or a `loss_type` or `beta` of one's own.
    """

    loss: Loss = field(
        default="sigmoid_norm",
        metadata={"help": "'sigmoid_norm', 'hinge_norm', or without a reference 'hinge', 'slic'."},
    )
    gamma: float = field(default=0.05, metadata={"help": "γ: the temperature of the loss."})
    delta: float | None = field(default=None, metadata={"help": "δ: SLiC's margin in nats; by default 1/γ."})
    reg_weight: float = field(
        default=0.0, metadata={"help": "λ: SLiC's weight on the likelihood of the chosen answer; 0 as in the paper."}
    )

    learning_rate: float = field(default=1e-5, metadata={"help": "The initial learning rate."})
    optim: str = field(default="adafactor", metadata={"help": "The optimizer."})
    beta: float | None = field(default=None, metadata={"help": "TRL's name of γ: leave it alone, and set `gamma`."})
    loss_type: list[str] | None = field(
        default=None, metadata={"help": "TRL's name of the loss: leave it alone, and set `loss`."}
    )

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise ValueError(f"loss={self.loss!r}: give {', '.join(map(repr, get_args(Loss)))}")
        _require_gamma(self.gamma)
        self.delta = 1 / self.gamma if self.delta is None else self.delta
        _require_slic(self.delta, self.reg_weight)
        if self.reg_weight and self.loss != "slic":
            raise ValueError(f"reg_weight is a part of loss='slic', not of {self.loss!r}: set it to 0")
        self._set("beta", self.gamma, "gamma")
        self._set("loss_type", [NATIVE.get(self.loss, "sigmoid")], "loss")
        super().__post_init__()

    def _set(self, name: str, value: Any, ours: str) -> None:
        """Set a field of TRL's, which may hold this already: a config is rebuilt from its own fields."""
        if getattr(self, name) not in (None, value):
            raise ValueError(f"{name}={getattr(self, name)!r}: RSO's {ours} says what {name} is; set {ours}")
        setattr(self, name, value)


class RSO(PreferenceObjective):
    """Both losses with a reference: TRL's own, under the names of the paper."""


class SLiC(PreferenceObjective):
    """Both losses without a reference."""

    needs_reference: ClassVar[bool] = False

    def loss(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        config, chosen, rejected = self.config, pairs.chosen_logps, pairs.rejected_logps
        margin = (chosen - rejected).detach()
        metrics = {"rso/margin": margin, "rso/frac_beyond_margin": (margin >= config.delta).float()}
        if config.loss == "slic":
            return slic_loss(chosen, rejected, chosen, delta=config.delta, reg_weight=config.reg_weight), metrics
        return rso_loss(chosen, rejected, loss="hinge", gamma=config.gamma), metrics


def objective(config: RSOConfig) -> PreferenceObjective:
    """The objective of a config's loss."""
    return RSO(config) if config.loss in NATIVE else SLiC(config)


class RSOTrainer(PreferenceTrainer):
    """`DPOTrainer` with one of RSO's losses; the SFT policy is the reference.

    pairs = preferences(rows, reward, generate=ModelGenerator(sft), k=64, select="rso")
    trainer = RSOTrainer(sft, args=RSOConfig("out", loss="hinge_norm"), train_dataset=pairs)
    """

    objective_class: ClassVar[Any] = staticmethod(objective)
    config_class: ClassVar[type[DPOConfig]] = RSOConfig
