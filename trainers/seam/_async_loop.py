"""In the child process of TRL's asynchronous trainer: rewards that know the step, log their parts, and remember."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from trl.experimental.async_grpo.async_rollout_worker import _AsyncRolloutLoop
from trl.trainer.utils import get_callable_name

from ...judges import Judge
from ...rewards import Reward
from ._async_journal import Journal
from .reward_state import states_of

_group: contextvars.ContextVar[int] = contextvars.ContextVar("group")


class GroupLoop(_AsyncRolloutLoop):
    """TRL's loop, in which the threads that score know which group it is."""

    async def _score_group(self, group: Any) -> Any:
        _group.set(group.group_id)
        return await super()._score_group(group)


class Informed:
    """A reward of ours, called with what the asynchronous trainer leaves out."""

    def __init__(self, reward: Any, progress: Any, max_steps: int, push: Callable[[dict[str, float]], None]) -> None:
        self.reward = reward
        self.__name__ = get_callable_name(reward)
        self._progress = progress
        self._max_steps = max_steps
        self._push = push
        self._journal: Journal | None = None

    def remember_in(self, journal: Journal) -> None:
        """Commit what this reward observes there."""
        self._journal = journal

    def __call__(self, **columns: Any) -> Any:
        measured: dict[str, float] = {}
        state = SimpleNamespace(global_step=int(self._progress.value), max_steps=self._max_steps)
        scores = self.reward(trainer_state=state, log_metric=measured.__setitem__, **columns)
        if self._journal is not None:
            self._journal.commit(_group.get())
        if measured:
            self._push(measured)
        return scores


@dataclass(frozen=True)
class LoopMaker:
    """Stands where TRL names the class of the loop, and makes one whose rewards are informed.

    progress: the finished optimizer steps, shared with the trainer. channel: the end of a pipe on which it asks
    for the state before a group. saved: the state of the checkpoint that is resumed from.
    """

    progress: Any
    channel: Any
    max_steps: int
    saved: dict[str, Any] | None

    def __call__(self, *, reward_funcs: list[Any], **named: Any) -> GroupLoop:
        rewards: list[Any] = []

        def push(measured: dict[str, float]) -> None:
            loop._push_metrics(measured)

        for reward in reward_funcs:
            ours = isinstance(reward, (Reward, Judge))
            rewards.append(Informed(reward, self.progress, self.max_steps, push) if ours else reward)
        states = states_of(reward_funcs, [get_callable_name(reward) for reward in reward_funcs])
        if states:
            journal = Journal(states, self.saved)
            for reward in rewards:
                if isinstance(reward, Informed) and getattr(reward.reward, "states", None):
                    reward.remember_in(journal)
            threading.Thread(target=self._answer, args=(journal,), name="jurybox-states", daemon=True).start()
        loop = GroupLoop(reward_funcs=rewards, **named)
        return loop

    def _answer(self, journal: Journal) -> None:
        """Tell the trainer the state whenever it asks, until it is gone."""
        try:
            while True:
                self.channel.send(journal.saved(self.channel.recv()))
        except (EOFError, OSError):
            return
