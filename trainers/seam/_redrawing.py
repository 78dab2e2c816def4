"""`GRPOTrainer` that draws groups without a signal again, before anybody estimates advantages."""

from __future__ import annotations

from itertools import chain as chained
from itertools import islice
from typing import Any

import torch
from datasets import Dataset

from ._inputs import loss_mask
from ._narrow_step import NarrowStep
from ._redraw import FreshPrompts, Slots, loud_groups, merged, picked, rows_from
from .chain import Chain
from .objective import replaces
from .reward_state import RewardStates


class Redrawing(NarrowStep):
    """The rounds of one generation. `ObjectiveConfig(dynamic_sampling=True)` switches it on."""

    reward_states: RewardStates

    # What a generation leaves behind, row by row: for the rewards, the estimator and the log.
    _rows: list[dict[str, Any]]
    _chains: list[Chain] | None
    _old_entropies: torch.Tensor | None
    _scored: dict[str, Any]
    _settles: bool = True  # whether rewards commit what they observed as soon as they have scored

    def _require_redrawing(self) -> None:
        """Raises ValueError where groups cannot be drawn again."""
        if not getattr(self.args, "dynamic_sampling", False):
            return
        rows = self.args.per_device_train_batch_size * self.args.steps_per_generation
        if rows % self.num_generations:
            raise ValueError(
                f"dynamic_sampling draws whole groups on each process: per_device_train_batch_size * "
                f"steps_per_generation = {rows} is not a multiple of num_generations = {self.num_generations}"
            )
        if not isinstance(self.train_dataset, Dataset):
            raise ValueError("dynamic_sampling draws fresh prompts by their number: a stream has none")
        of_the_batch = self.scale_rewards == "batch" or self.multi_objective_aggregation != "sum_then_normalize"
        if of_the_batch and not replaces(self.policy_objective, "advantages"):
            raise ValueError(
                "dynamic_sampling changes which groups make up a batch, and TRL's standard deviation of a batch "
                'is that of the first draw: leave scale_rewards at "group" or "none", and multi_objective_aggregation '
                "at its default"
            )

    def _one_round(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """TRL's generation and scoring of some rows."""
        raise NotImplementedError

    def _drawn_until_loud(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """One generation, in as many rounds as it takes; without dynamic sampling, and in evaluation, in one."""
        if not (self.model.training and getattr(self.args, "dynamic_sampling", False)):
            return self._one_round(inputs)
        self._settles = False
        try:
            output = self._rounds(inputs)
        finally:
            self._settles = True
        self.reward_states.settle(training=True)
        return output

    def _rounds(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        fresh = FreshPrompts(
            self.train_dataset,
            self.args.seed,
            self._step,
            self.accelerator.process_index,
            self.accelerator.num_processes,
        ).rows(self.num_generations)
        outputs, left = [self._one_round(inputs)], [self._left_behind()]
        slots = Slots(self._loud(left[0]))
        while slots.wanted and slots.rounds <= self.args.max_redraws:
            rows = list(chained.from_iterable(islice(fresh, slots.wanted)))
            if len(rows) < slots.wanted * self.num_generations:  # the data set has no more prompts
                break
            outputs.append(self._one_round(rows))
            left.append(self._left_behind())
            slots.fill(self._loud(left[-1]))
        log = self._metrics["train"]
        log["redraw/rounds"].append(float(len(outputs)))
        log["redraw/groups_drawn"].append(float(slots.drawn))
        log["redraw/groups_dropped"].append(float(slots.drawn - sum(map(len, slots.sources))))
        log["redraw/groups_silent"].append(float(slots.silent))
        return outputs[0] if len(outputs) == 1 else self._put_together(outputs, left, slots)

    def _loud(self, left: dict[str, Any]) -> list[list[bool]]:
        rewards = left["scored"]["rewards"]
        scores = (rewards * self.reward_weights.to(rewards)).nansum(1)
        scores = scores.masked_fill(rewards.isnan().all(1), torch.nan)
        return loud_groups(scores, self.num_generations, self.accelerator.num_processes)

    def _left_behind(self) -> dict[str, Any]:
        return {"scored": self._scored, "rows": self._rows, "chains": self._chains, "entropies": self._old_entropies}

    def _put_together(self, outputs: list[dict[str, Any]], left: list[dict[str, Any]], slots: Slots) -> dict[str, Any]:
        """The chosen groups of all rounds, as if they had been drawn at once."""
        size = self.num_generations
        own = rows_from(slots.sources[self.accelerator.process_index], size)
        # Rewards are those of all processes, one after the other; a process has equally many of them in a round.
        everyone = [
            (round_, process * (len(left[round_]["scored"]["rewards"]) // len(slots.sources)) + row)
            for process, sources in enumerate(slots.sources)
            for round_, row in rows_from(sources, size)
        ]
        for output, found in zip(outputs, left, strict=True):
            output["entropies"] = found["entropies"]
        together = merged(outputs, own, self.processing_class.pad_token_id)
        self._old_entropies = together.pop("entropies")
        self._rows = picked([each["rows"] for each in left], own)
        if self._chains is not None:
            self._chains = picked([each["chains"] for each in left], own)
        scored = [each["scored"] for each in left]
        self._scored = {name: picked([each[name] for each in scored], own) for name in scored[0] if name != "rewards"}
        self._scored["rewards"] = torch.stack(picked([each["rewards"] for each in scored], everyone))
        together["num_items_in_batch"] = self.accelerator.gather(loss_mask(together).sum()).sum()
        return together
