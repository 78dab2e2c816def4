"""The whole method for a language model: one frozen base, and a LoRA adapter for every policy of the front."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import PartialState
from torch import Tensor
from transformers import TrainerCallback
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from .extension import Child, Snapshot, extend_front
from .front import Front, FrontPolicy
from .metrics import initial_weights
from .points import Points, as_reference
from .selection import CAPACITY, ParetoBuffer
from .trainer import CMORLConfig, CMORLTrainer, parts_of


@dataclass(frozen=True)
class FrontSearch:
    """How far the search goes. Steps are optimiser steps.

    ref_point: `(m,)`, the values below which a policy is of no use.
    delta: step of the grid of stage 1's weights; 1 is one policy for each objective.
    stage_one_steps: of every weighting. extension_steps: of all extensions together. chunk_steps: of one of them.
    archive_every: steps between evaluated snapshots; it divides the two others.
    num_select: policies that are extended in a round.
    capacity, tolerance: of the buffer; a tolerance of the size of the standard errors keeps near-duplicates from being
        selected.

    Raises:
        ValueError: a number out of its range.
    """

    ref_point: Sequence[float]
    stage_one_steps: int
    extension_steps: int
    delta: float = 0.5
    chunk_steps: int = 20
    archive_every: int = 10
    num_select: int = 5
    capacity: int = CAPACITY
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        as_reference(self.ref_point)
        if self.archive_every < 1 or self.stage_one_steps % self.archive_every or self.chunk_steps % self.archive_every:
            raise ValueError(
                f"archive_every={self.archive_every} must divide stage_one_steps={self.stage_one_steps} and "
                f"chunk_steps={self.chunk_steps}: the last snapshot is the trained policy"
            )
        if min(self.stage_one_steps, self.chunk_steps, self.num_select) < 1 or self.extension_steps < 0:
            raise ValueError("stage_one_steps, chunk_steps and num_select are at least 1, extension_steps at least 0")


class AdapterFront(Front[Path]):
    """A front whose policies are folders of PEFT adapters.

    front = AdapterFront.from_folder("out/front")
    model = PeftModel.from_pretrained(base, front.adapter_for([0.3, 0.7]))
    """

    @classmethod
    def from_folder(cls, folder: str | Path) -> AdapterFront:
        """What `discover_front` wrote."""
        front = Front.load(folder, lambda path: path)
        return cls(front.policies, front.objectives, front.ref_point)

    def adapter_for(self, weights: Sequence[float]) -> Path:
        """The folder of the adapter that serves a preference best."""
        return self.assign(weights)


@dataclass(frozen=True, eq=False)
class Adapter:
    """The weights of an adapter, with the standard errors of its values and how it came about."""

    weights: Mapping[str, Tensor]
    standard_error: Points
    origin: Mapping[str, Any]


def discover_front(
    model: Any,
    reward_funcs: Any,
    args: CMORLConfig,
    search: FrontSearch,
    *,
    train_dataset: Any,
    eval_dataset: Any,
    peft_config: Any,
    output: str | Path | None = None,
    trainer_class: type[CMORLTrainer] = CMORLTrainer,
    **options: Any,
) -> AdapterFront:
    """Train adapters on a grid of weightings, extend them, and write the front with its picture.

        front = discover_front("my/sft-model", [helpful, brief], CMORLConfig("out"), FrontSearch([0, 0], 100, 400),
                               train_dataset=rows, eval_dataset=held_out, peft_config=LoraConfig(task_type="CAUSAL_LM"))
        front.adapter_for([0.3, 0.7])

    Args:
        model: the base that all adapters share; a name, or a model in memory.
        args: settings of every run; `preference`, `objective` and `parent_value` are the search's.
        eval_dataset: what values are measured on, by evaluations with one seed.
        output: where the front goes; default `front` in `args.output_dir`. It holds `front.json`, an adapter folder for
            each policy and `front.png`, if matplotlib is there.
        options: go to every trainer, such as `processing_class` and `callbacks`.

    Every run begins with a fresh optimiser. With a `beta`, the KL of an extension is from its parent.

    Raises:
        ValueError: settings that the search makes itself, or no policy at or above `ref_point`.
    """
    given = {"train_dataset": train_dataset, "eval_dataset": eval_dataset, **options}
    runs = _Runs(model, parts_of(reward_funcs), args, search, peft_config, trainer_class, given)
    front = runs.discover()
    folder = Path(args.output_dir, "front") if output is None else Path(output)
    processes = PartialState()
    if processes.is_main_process:
        front.save(folder, runs.write)
        with suppress(ImportError):
            front.draw(folder / "front.png", {"stage 1": runs.stage_one})
    processes.wait_for_everyone()
    return AdapterFront.from_folder(folder)


class _Runs:
    """One training after the other on the same base, each from the weights of an adapter."""

    def __init__(
        self,
        model: Any,
        rewards: list[Any],
        args: CMORLConfig,
        search: FrontSearch,
        peft_config: Any,
        trainer_class: type[CMORLTrainer],
        given: Mapping[str, Any],
    ) -> None:
        if args.preference is not None or args.objective is not None:
            raise ValueError("the search chooses preference, objective and parent_value: leave them out of args")
        if len(search.ref_point) != len(rewards):
            raise ValueError(f"ref_point has {len(search.ref_point)} numbers for {len(rewards)} reward functions")
        self.model, self.rewards, self.args, self.search = model, rewards, args, search
        self.trainer_class, self.given = trainer_class, given
        self.peft_config: Any = peft_config
        self.start: Mapping[str, Tensor] | None = None
        self.names: tuple[str, ...] = ()
        self.runs = self.extended = 0
        self.stage_one: Points = np.zeros((0, len(rewards)))
        self.children: list[Child] = []

    def discover(self) -> Front[Adapter]:
        search, m = self.search, len(self.rewards)
        buffer: ParetoBuffer[Adapter] = ParetoBuffer(search.ref_point, search.capacity, search.tolerance, distinct=True)
        for weights in initial_weights(m, search.delta).tolist():
            found = list(self._train(self.start, search.stage_one_steps, {"weights": weights}, preference=weights))
            self.stage_one = np.vstack([self.stage_one, found[-1][0]])
            buffer.add(np.array([value for value, _ in found]), [adapter for _, adapter in found])
        self.children = extend_front(
            buffer,
            self._extend,
            num_select=search.num_select,
            may_go_on=lambda: self.extended + search.chunk_steps <= search.extension_steps,
            beta=self.args.beta_constraint,
        )
        policies = [
            FrontPolicy(value, adapter, {**adapter.origin, "standard_error": adapter.standard_error.tolist()})
            for value, adapter in zip(buffer.values, buffer.policies, strict=True)
        ]
        return Front(policies, self.names, search.ref_point)

    def _extend(self, parent: Adapter, value: Points, objective: int) -> Iterator[Snapshot[Adapter]]:
        self.extended += self.search.chunk_steps
        origin = {"parent": value.tolist(), "objective": self.names[objective]}
        yield from self._train(
            parent.weights, self.search.chunk_steps, origin, objective=objective, parent_value=value.tolist()
        )

    def _train(
        self, weights: Mapping[str, Tensor] | None, steps: int, origin: Mapping[str, Any], **stage: Any
    ) -> Iterator[Snapshot[Adapter]]:
        """Snapshots of one training, each evaluated."""
        from peft import get_peft_model_state_dict, set_peft_model_state_dict

        trainer = self._trainer(steps, **stage)
        origin = {**origin, "seed": trainer.args.seed}
        policy = trainer.accelerator.unwrap_model(trainer.model)
        if weights is None:  # the first: all weightings begin at the same adapter
            self.start = _copied(get_peft_model_state_dict(policy))
        else:
            set_peft_model_state_dict(policy, dict(weights))
        archive = _Archive(trainer, lambda: _copied(get_peft_model_state_dict(policy)))
        trainer.add_callback(archive)
        trainer.train()
        self.model, self.peft_config, self.names = policy, None, tuple(trainer.reward_func_names)
        for value, error, adapter in archive.taken:
            if np.isfinite(value).all():  # else an objective that no completion had a score for
                yield value, Adapter(adapter, error, origin)

    def _trainer(self, steps: int, **stage: Any) -> CMORLTrainer:
        if "ref" in getattr(self.model, "peft_config", ()):
            self.model.delete_adapter("ref")  # the reference of the run before
        args = copy.copy(self.args)
        changed = {
            "output_dir": str(Path(self.args.output_dir, f"run-{self.runs:03d}")),
            "max_steps": steps,
            "eval_strategy": IntervalStrategy.STEPS,
            "eval_steps": self.search.archive_every,
            "save_strategy": SaveStrategy.NO,
            "seed": self.args.seed + self.runs,
            **stage,
        }
        for name, setting in changed.items():
            setattr(args, name, setting)
        self.runs += 1
        peft = {} if self.peft_config is None else {"peft_config": self.peft_config}
        return self.trainer_class(self.model, list(self.rewards), args, **peft, **self.given)

    def write(self, adapter: Adapter, folder: Path) -> None:
        """An adapter's folder, as PEFT writes it."""
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(self.model, dict(adapter.weights))
        self.model.save_pretrained(folder, selected_adapters=["default"])


class _Archive(TrainerCallback):
    """Keeps what every evaluation found, with the adapter of that moment."""

    def __init__(self, trainer: CMORLTrainer, adapter: Any) -> None:
        self.trainer, self.adapter = trainer, adapter
        self.taken: list[tuple[Points, Points, Mapping[str, Tensor]]] = []

    def on_evaluate(self, *args: Any, **named: Any) -> None:
        values = self.trainer.values
        assert values is not None
        self.taken.append((values.mean, values.standard_error, self.adapter()))


def _copied(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in weights.items()}
