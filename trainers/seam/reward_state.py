"""What rewards remember across generations: agreed between processes, saved with the model, never twice counted.

A reward that learns from what it sees (a length history, running statistics) *observes* while it scores and
changes nothing until it is told to commit. The trainer commits once per training generation, on every process
the same observations in the same order, and discards what was observed in evaluation.

A generation may serve several optimiser steps. A checkpoint taken between them holds the state from *before*
the generation: after a resume the completions are drawn and scored again.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...rewards import State

FILE = "reward_state.json"
FORMAT = 1


class RewardStates:
    """The states of all reward functions of one trainer.

    gather: list of one process → concatenation over all processes in rank order.
    """

    def __init__(
        self,
        reward_funcs: Iterable[Any],
        names: Iterable[str],
        gather: Callable[[list[Any]], list[Any]],
    ) -> None:
        self._states = states_of(reward_funcs, names)
        self._gather = gather
        self._before_generation = self._snapshot()

    def __len__(self) -> int:
        return len(self._states)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While a trainer scores, commits are left to `settle`; before and after, a reward called by hand commits."""
        before = [(state, state.deferred) for state in self._states.values()]
        for state, _ in before:
            state.deferred = True
        try:
            yield
        finally:
            for state, was in before:
                state.deferred = was

    def settle(self, *, training: bool) -> None:
        """After scoring: commit what every process observed, or discard it in evaluation."""
        if not self._states:
            return
        if not training:
            for state in self._states.values():
                state.discard()
            return
        self._before_generation = self._snapshot()
        shards = self._gather([{name: state.pending() for name, state in self._states.items()}])
        for name, state in self._states.items():
            state.commit([shard[name] for shard in shards])

    def saved(self, *, mid_generation: bool) -> dict[str, Any]:
        """What a checkpoint holds, plain data; in the middle of a generation the states from before it."""
        return self._before_generation if mid_generation else self._snapshot()

    def restore(self, saved: dict[str, Any], source: str) -> None:
        """Take up what `saved` gave.

        Raises:
            ValueError: it was saved with other rewards; the message names the source.
        """
        if saved.keys() != self._states.keys():
            raise ValueError(
                f"{source} holds the state of {sorted(saved)} and the rewards now have "
                f"{sorted(self._states)}; resume with the rewards of the saved run"
            )
        for name, state in self._states.items():
            state.load_state_dict(saved[name])
        self._before_generation = self._snapshot()

    def save(self, folder: str | Path, *, micro_step: int, mid_generation: bool) -> None:
        """Write the file in one move: a process killed here leaves the old file or the new one, whole."""
        os.makedirs(folder, exist_ok=True)
        states = self.saved(mid_generation=mid_generation)
        partial = Path(folder) / f"{FILE}.partial"
        partial.write_text(json.dumps({"format": FORMAT, "micro_step": micro_step, "states": states}))
        os.replace(partial, Path(folder) / FILE)

    def load(self, folder: str | Path) -> int | None:
        """Restore the states of a checkpoint; returns the micro-steps done by then, None for a foreign one.

        Raises:
            FileNotFoundError: rewards have states and the checkpoint does not.
            ValueError: the checkpoint was written with other rewards, or by another format.
        """
        path = Path(folder) / FILE
        if not path.exists():
            if self._states:
                raise FileNotFoundError(
                    f"{path} is missing, so the state of {', '.join(self._states)} cannot be restored; "
                    "resume from a checkpoint of this trainer, or start from its weights without resuming"
                )
            return None
        saved = json.loads(path.read_text())
        if saved["format"] != FORMAT:
            raise ValueError(f"{path} has format {saved['format']}, expected {FORMAT}")
        self.restore(saved["states"], str(path))
        return int(saved["micro_step"])

    def _snapshot(self) -> dict[str, Any]:
        return {name: copy.deepcopy(state.state_dict()) for name, state in self._states.items()}


def states_of(reward_funcs: Iterable[Any], names: Iterable[str]) -> dict[str, State]:
    """The states by "reward/state", each once even when two rewards share it."""
    states: dict[str, State] = {}
    for reward, reward_name in zip(reward_funcs, names, strict=True):
        found = getattr(reward, "states", None)
        if not isinstance(found, dict) or not found:
            continue
        for name, state in found.items():
            key = f"{reward_name}/{name}"
            if any(state is known for known in states.values()):
                continue
            if key in states:
                raise ValueError(f"two rewards are called {reward_name!r} and both have a state {name!r}")
            states[key] = state
    return states
