"""The parts of one reward as reward functions of their own, for trainers that need to see them apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..judges import Verdict
from ..judges.names import numbered
from ..judges.sample import protocol_columns
from .reward import Reward
from .verdict import RewardVerdict


class Separated:
    """One part of a reward, called by a trainer; made by `separate`."""

    def __init__(self, whole: _Whole, place: int, name: str) -> None:
        self.whole, self.place, self.name = whole, place, name

    @property
    def __name__(self) -> str:
        return self.name  # what TRL logs a reward function under

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest number this part can give."""
        return self.whole.reward.parts[self.place].bounds

    def __repr__(self) -> str:
        return f"separate({self.whole.reward!r})[{self.place}]"

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,
        completions: Sequence[Any] | None = None,
        completion_ids: Sequence[Any] | None = None,
        **named: Any,
    ) -> list[float | None]:
        """TRL's reward-function protocol."""
        if completions is None:
            raise TypeError(f"{self.name} judges completions: call it with completions=[...]")
        verdicts = self.whole.verdicts(prompts, completions, completion_ids, named)
        parts = [verdict.parts[self.place] for verdict in verdicts if isinstance(verdict, RewardVerdict)]
        return [None if part is None else part.score for part in parts]


class _Whole:
    """A reward with what it said about the batch it was asked about last."""

    def __init__(self, reward: Reward) -> None:
        self.reward = reward
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()  # TRL's asynchronous trainer calls its functions from several threads
        self._completions: Sequence[Any] | None = None
        self._verdicts: list[Verdict] = []

    def verdicts(
        self, prompts: Any, completions: Sequence[Any], completion_ids: Any, named: Mapping[str, Any]
    ) -> list[Verdict]:
        """What the reward says; a trainer hands all its functions the same list of completions."""
        with self._lock:
            if completions is not self._completions:
                self._verdicts = self._asked(prompts, completions, completion_ids, dict(named))
                self._completions = completions
            return self._verdicts

    def _asked(
        self, prompts: Any, completions: Sequence[Any], completion_ids: Any, named: dict[str, Any]
    ) -> list[Verdict]:
        trainer = {name: named.pop(name, None) for name in ("trainer_state", "log_metric", "log_extra")}
        columns = protocol_columns(named, completion_ids)
        batch, verdicts = self.reward._run(completions, prompts, columns, trainer, observing=True)
        self.reward._watch(batch, stepless=trainer["trainer_state"] is None)
        log_metric: Callable[[str, float], None] | None = trainer["log_metric"]
        if log_metric is not None:
            self.reward._log(batch, log_metric)
        return verdicts

    def __getstate__(self) -> dict[str, Any]:
        return {"reward": self.reward}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["reward"])  # type: ignore[misc]


def separate(reward: Reward) -> list[Separated]:
    """The direct parts of a reward as a list of reward functions that judge together, once for a batch.

        trainer = GRPOTrainer(model, separate(reward), args=GRPOConfig(reward_weights=[w for w, _ in reward.terms]), …)

    The trainer then has every part's number apart, and asks an expensive judge that several parts share only once. The
    names are the parts'; equal ones are numbered. Weights of a sum are left to the trainer.

    Raises:
        ValueError: the reward has no parts, or remembers what it saw (a trainer finds states in a whole reward only).
    """
    if not reward.parts:
        raise ValueError(f"{reward!r} has no parts to separate")
    if reward.states:
        raise ValueError(f"a reward that remembers cannot be separated; this one has {', '.join(reward.states)}")
    whole = _Whole(reward)
    return [Separated(whole, place, name) for place, name in enumerate(numbered(reward.part_names))]
