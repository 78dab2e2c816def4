"""CGPO on the seam: label and score a generation, ask each stratum's optimizer, hand every row its derivative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ...seam import Batch, Chain, Objective, Policy, Rollout
from .baseline import Baselines, text_of
from .labelled import Labelled, labelled
from .losses import multi_task_loss, sequence_logps
from .optimizers import OPTIMIZERS, Answers, Outcome
from .stratum import ONLY, Stratum


class CGPO(Objective):
    """Σ_l ρ_l · loss_l over the strata, each with its own judges, reward model, optimizer, K and KL limit.

    strata: as `filled_strata` gives them. On-policy: one update for each generation.

    Raises:
        ValueError: `beta` is not 0, or a generation serves several updates.
    """

    needs_reference = True
    needs_old_logps = True

    def __init__(self, config: Any, strata: Mapping[str, Stratum]) -> None:
        super().__init__(config)
        if config.beta:
            raise ValueError(f"beta={config.beta} would add a second KL term: CGPO limits KL by kl_max, keep beta=0")
        if config.num_iterations != 1 or config.steps_per_generation != config.gradient_accumulation_steps:
            raise ValueError(
                "CGPO is on-policy: num_iterations must be 1 and steps_per_generation equal to "
                f"gradient_accumulation_steps, not {config.num_iterations} and {config.steps_per_generation}"
            )
        self.strata = dict(strata)
        self.baselines = Baselines(config.baseline_column)

    def task(self, row: Mapping[str, Any]) -> str:
        """The name of the stratum that a row belongs to.

        Raises:
            ValueError: the row has no task, or one without a stratum.
        """
        if list(self.strata) == [ONLY]:
            return ONLY
        column = self.config.task_column
        if row.get(column) not in self.strata:
            known = ", ".join(map(str, self.strata))
            raise ValueError(f"a row's column {column!r} is {row.get(column)!r}; there are strata for {known}")
        return str(row[column])

    def holds_baseline(self, name: str) -> bool:
        """Whether the last answer of each prompt of the stratum is replaced by the baseline answer."""
        return self.strata[name].optimizer == "crraft" and self.config.baseline_fallback

    def draws(self, training: bool) -> bool:
        """Only where baseline answers stand among the rows: else TRL draws, with all it has."""
        own = type(self).generate is not CGPO.generate
        return super().draws(training) and (own or any(map(self.holds_baseline, self.strata)))

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        """Put ā in the last place of each group of a CRRAFT stratum: it is then scored like the rest."""
        for chain in chains:
            answer = chain.row.get(self.config.baseline_column)
            last = chain.slot == policy.num_generations - 1
            if last and answer is not None and self.holds_baseline(self.task(chain.row)):
                chain.add(text_of(answer))
                chain.add([policy.tokenizer.eos_token_id])
                chain.measured = False
        policy.extend([chain for chain in chains if not chain.ids])

    def advantages(self, rollout: Rollout) -> dict[str, Tensor]:
        """What each row's log-probability is multiplied with: −N ∂L/∂ log π(a_i)."""
        known = labelled(rollout, self.strata, list(map(self.task, rollout.rows)), self.baselines)
        slopes = torch.zeros_like(known.rewards)
        losses, weights = [], []
        for name, groups, outcome in self._outcomes(known):
            stratum = self.strata[name]
            self._log(rollout, name, known, groups, outcome)
            losses.append(outcome.loss)
            weights.append(stratum.rho)
            slopes[groups, : stratum.k] += stratum.rho * outcome.answers
            if self.holds_baseline(name):
                slopes[groups, -1] += stratum.rho * outcome.baselines
        total = multi_task_loss(losses, weights) if losses else slopes.sum()
        return {"advantages": -slopes.numel() * slopes.flatten(), "objective": total.expand(slopes.numel())}

    def _outcomes(self, known: Labelled) -> Iterator[tuple[str, Tensor, Outcome]]:
        """For each stratum with prompts in this generation: its name, which prompts, and what its optimizer says."""
        for number, (name, stratum) in enumerate(self.strata.items()):
            groups = (known.strata == number).nonzero().squeeze(-1)
            if len(groups):
                answers = self._answers(known, groups, stratum, self.holds_baseline(name))
                yield name, groups, OPTIMIZERS[str(stratum.optimizer)](answers, float(stratum.kl_max or 0), self.config)

    def _answers(self, known: Labelled, groups: Tensor, stratum: Stratum, holds_baseline: bool) -> Answers:
        def first(values: Tensor) -> Tensor:
            return values[groups, : stratum.k]

        def last(values: Tensor) -> Tensor:
            return values[groups, -1] if holds_baseline else torch.zeros_like(values[groups, 0])

        return Answers(
            rewards=first(known.rewards).masked_fill(first(known.lengths) == 0, torch.nan),
            satisfied=first(known.satisfied),
            logps=first(known.logps),
            ref_logps=first(known.ref_logps),
            lengths=first(known.lengths),
            baseline_rewards=known.baseline_rewards[groups, 0],
            baseline_satisfied=known.baseline_satisfied[groups, 0],
            baseline_logps=last(known.logps),
            baseline_ref_logps=last(known.ref_logps),
        )

    def _log(self, rollout: Rollout, name: str, known: Labelled, groups: Tensor, outcome: Outcome) -> None:
        metrics = dict(outcome.metrics) | known.metrics(self.strata[name], groups) | {"loss": outcome.loss}
        for metric, value in metrics.items():
            if not value.isnan():
                rollout.log(f"{name}/{metric}", value)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The gradient of the paper's loss, with its value in the log."""
        per_token = batch.logps if batch.sampling_ratio is None else batch.logps * batch.sampling_ratio
        surrogate = -(batch.advantages.squeeze(-1) * sequence_logps(per_token, batch.mask)).mean()
        return surrogate - surrogate.detach() + batch["objective"].mean(), {}
