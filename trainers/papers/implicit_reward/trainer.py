"""The trainer of f-SFT, and the scalar V that it may learn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor
from trl import SFTConfig

from ....judges.options import one_of
from ...seam import Demonstrations, SupervisedObjective, SupervisedTrainer
from .divergences import Divergence, checked, phi_of

Level = Literal["token", "sequence"]
Baseline = Literal["zero", "constant", "shared"]

BETA: dict[Level, float] = {"token": 1.0, "sequence": 0.1}


@dataclass
class FSFTConfig(SFTConfig):
    """TRL's `SFTConfig` with the choice of divergence.

    Raises:
        ValueError: a value without meaning, a divergence that is not defined where training starts, or sequences
            asked for of rows that hold several.
    """

    divergence: Divergence = field(
        default="pearson_chi2",
        metadata={"help": "f: total_variation (plain SFT), pearson_chi2, squared_hellinger, reverse_kl, …"},
    )
    kl_beta: float | None = field(
        default=None, metadata={"help": "β: weight of the KL to the start. Default: 1 by token, 0.1 by sequence."}
    )
    level: Level = field(
        default="token",
        metadata={"help": "What has an implicit reward: every 'token', or the 'sequence', whose β·log-ratio is a sum."},
    )
    baseline: Baseline = field(
        default="zero",
        metadata={"help": "V: 'zero', 'constant' (baseline_v), or 'shared', one number learned over the data."},
    )
    baseline_v: float = field(default=0.0, metadata={"help": "V where it is constant, and where a shared V starts."})
    baseline_learning_rate: float = field(default=0.1, metadata={"help": "Step size of a shared V."})
    linear_extension_below: float | None = field(
        default=-0.5, metadata={"help": "r_min: φ goes on along its tangent below it; None for no guard."}
    )
    clamp_chi2_above_2: bool = field(
        default=True, metadata={"help": "Keep pearson_chi2 flat above r = 2, where it would push answers down."}
    )
    lr_factor: float = field(
        default=1.0,
        metadata={
            "help": "Multiplies learning_rate, once: it is 1 afterwards. 0.25 with total_variation is SFT with a "
            "reduced learning rate."
        },
    )

    def __post_init__(self) -> None:
        checked(self.divergence, self.linear_extension_below)
        for name, known in (("level", Level), ("baseline", Baseline)):
            one_of(name, getattr(self, name), get_args(known))
        for name in ("kl_beta", "lr_factor", "baseline_learning_rate"):
            if (value := getattr(self, name)) is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be above 0, not {value}")
        if self.baseline == "zero" and self.baseline_v:
            raise ValueError(f"baseline='zero' and baseline_v={self.baseline_v} disagree: say baseline='constant'")
        if self.divergence == "forward_kl" and (self.baseline == "zero" or self.baseline_v <= 0):
            raise ValueError(
                "forward_kl is defined for implicit rewards above 0, and they start at V: give baseline='constant' or "
                "'shared' with baseline_v=1.0, or another divergence"
            )
        if self.level == "sequence" and (self.packing or self.eval_packing or self.padding_free):
            raise ValueError("level='sequence' needs a row a sequence: switch packing and padding_free off")
        # Before TRL hands the learning rate on, and once: a config made from this one must not apply it again.
        self.learning_rate *= self.lr_factor
        self.lr_factor = 1.0
        super().__post_init__()


class FSFT(SupervisedObjective):
    """−(φ(z + V) − V)/β of every token or sequence, z = β (log π − log π_ref)."""

    def __init__(self, config: FSFTConfig) -> None:
        super().__init__(config)
        self.beta: float = BETA[config.level] if config.kl_beta is None else config.kl_beta
        self.V: float = config.baseline_v
        self._weights: list[Tensor] = []  # (sum, count) of φ' in each micro-batch of a step

    def loss(self, batch: Demonstrations) -> tuple[Tensor, Mapping[str, Tensor]]:
        assert batch.ref_logps is not None
        config, log_ratio = self.config, (batch.logps - batch.ref_logps) * batch.mask
        if config.level == "sequence":
            log_ratio = log_ratio.sum(dim=-1)
        r = self.beta * log_ratio + self.V
        phi, weight = phi_of(
            r,
            config.divergence,
            linear_extension_below=config.linear_extension_below,
            clamp_chi2_above_2=config.clamp_chi2_above_2,
        )
        if batch.training and config.baseline == "shared":
            counted = batch.mask if weight.dim() == 2 else torch.ones_like(weight)
            self._weights.append(torch.stack([(weight * counted).sum(), counted.sum()]).detach())
        metrics = {"f_sft/implicit_reward": r, "f_sft/weight": weight, "f_sft/log_ratio": log_ratio}
        return -(phi - self.V) / self.beta, metrics | {"f_sft/V": batch.logps.new_tensor(self.V)}

    def end_of_step(self, mean: Callable[[Tensor], Tensor]) -> None:
        """A shared V climbs (4): ∂/∂V E_μ[φ(z + V) − V] = E_μ[φ'(z + V)] − 1."""
        if self._weights:
            total, count = mean(torch.stack(self._weights).sum(dim=0)).tolist()
            self._weights = []
            if count:
                self.V += self.config.baseline_learning_rate * (total / count - 1.0)

    def state_dict(self) -> dict[str, Any]:
        return {"V": self.V} if self.config.baseline == "shared" else {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        if self.config.baseline == "shared":
            self.V = float(saved["V"])


class FSFTTrainer(SupervisedTrainer):
    """`SFTTrainer` that matches demonstrations under a divergence, near the model it starts from.

    trainer = FSFTTrainer(model, args=FSFTConfig("out", divergence="pearson_chi2"), train_dataset=demonstrations)
    """

    objective_class: ClassVar[type[FSFT]] = FSFT
    config_class: ClassVar[type[FSFTConfig]] = FSFTConfig
