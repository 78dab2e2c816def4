"""What a reward remembers from batch to batch, so that it survives a checkpoint and agrees across processes.

A state has two halves. What is *committed* is what the reward reads; it does not change while a batch is judged, so
the order of rows never matters. What is *observed* waits until the batch is over; then the observations of all
processes are committed together, in rank order, and every process is in the same state. In evaluation they are
discarded. Outside a trainer that does this (see `Reward.defer_commits`) a reward commits its own after each call.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class State(ABC):
    """A named piece of memory.

    Attributes:
        name: under which it is saved; unique in a reward.
        deferred: whether a trainer commits; else the reward does after each call.
    """

    def __init__(self, name: str) -> None:
        if not name:
            raise ValueError("a state needs a name, under which a checkpoint keeps it")
        self.name = name
        self.deferred = False
        self._observed: list[Any] = []

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, State) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def observe(self, observation: Any) -> None:
        """Note something (plain data) about the batch being judged; it takes effect when committed."""
        self._observed.append(observation)

    def pending(self) -> list[Any]:
        """Hand over what was observed since the last call, and forget it here."""
        observed, self._observed = self._observed, []
        return observed

    def discard(self) -> None:
        """Forget what was observed (an evaluation batch)."""
        self._observed = []

    def commit(self, shards: Sequence[Sequence[Any]]) -> None:
        """Take in the observations of all processes, given in rank order."""
        for shard in shards:
            for observation in shard:
                self.update(observation)

    @abstractmethod
    def update(self, observation: Any) -> None:
        """Take in one observation."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """What is committed, as data that JSON holds exactly."""

    @abstractmethod
    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up what `state_dict` gave; what was observed and not committed is dropped."""


def union(sides: Iterable[Mapping[str, State]]) -> dict[str, State]:
    """All states by name.

    Raises:
        ValueError: two different states have the same name, under which a checkpoint could keep only one.
    """
    states: dict[str, State] = {}
    for side in sides:
        for name, state in side.items():
            if states.setdefault(name, state) is not state:
                raise ValueError(f"two states of this reward are called {name!r}: give each a name of its own")
    return states


class RunningMoments(State):
    """Mean and standard deviation of all numbers committed so far (Welford's update, float64)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0  # sum of squared distances from the mean

    @property
    def std(self) -> float:
        """The population standard deviation; 0.0 before two numbers were seen."""
        return math.sqrt(self._squares / self.count) if self.count > 1 else 0.0

    def update(self, observation: float) -> None:
        self.count += 1
        distance = observation - self.mean
        self.mean += distance / self.count
        self._squares += distance * (observation - self.mean)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "mean": self.mean, "squares": self._squares}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.count, self.mean, self._squares = int(saved["count"]), float(saved["mean"]), float(saved["squares"])
        self.discard()
