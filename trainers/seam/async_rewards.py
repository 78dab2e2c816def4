"""Rewards in TRL's asynchronous GRPO trainer: they know the step, log their parts, and remember across checkpoints."""

from __future__ import annotations

import itertools
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.experimental.async_grpo import AsyncGRPOTrainer
from trl.experimental.async_grpo.async_rollout_worker import AsyncRolloutWorker
from trl.trainer.utils import get_callable_name

from ._async_loop import LoopMaker
from .reward_state import states_of
from .reward_state_callback import KEY

PATIENCE_S = 600.0  # for the child to tell its state


def inform_rewards(trainer: AsyncGRPOTrainer) -> AsyncGRPOTrainer:
    """Let the rewards of an asynchronous trainer follow its steps; gives the trainer back, not yet trained.

        trainer = inform_rewards(AsyncGRPOTrainer(model, reward, args=args, train_dataset=dataset))
        trainer.train()

    TRL scores in a process of its own, which knows nothing of the training. With this a schedule follows the optimizer
    step, the parts of a reward are in the log, and what a reward remembers (`HAPO`, `standardize`) is saved in
    `trainer_state.json` and taken up on resume: the state as of the groups that were trained on, because the others are
    drawn and scored again. Scores are of the step at which they are given, which may be some steps before they are
    trained on; TRL's limit of staleness holds for that too.

    Raises:
        TypeError: the trainer has a rollout worker of somebody else's, or rewards share their names.
    """
    worker = trainer.rollout_worker
    if worker is None:  # not the main process
        return trainer
    if not isinstance(worker, AsyncRolloutWorker):
        raise TypeError(f"inform_rewards knows TRL's AsyncRolloutWorker, not {type(worker).__name__}")
    # Behind the callback that decides when to save, before the one that starts the worker.
    trainer.callback_handler.callbacks.insert(1, _Informs(trainer, worker))
    return trainer


class _Informs(TrainerCallback):
    """The trainer's end: tells the step, asks for the state."""

    def __init__(self, trainer: AsyncGRPOTrainer, worker: AsyncRolloutWorker) -> None:
        self._trainer = trainer
        self._worker = worker
        self._progress = worker._mp_ctx.Value("i", 0)
        functions = worker._loop_kwargs["reward_funcs"]
        self._remembers = bool(states_of(functions, [get_callable_name(each) for each in functions]))
        self._channel: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        saved = state.stateful_callbacks.get(KEY) if state.global_step else None
        if state.global_step and self._remembers and saved is None:
            raise ValueError(
                "the checkpoint has no state of the rewards, so they would start with an empty memory: resume from one "
                "that was saved with inform_rewards, or start from its weights without resuming"
            )
        self._progress.value = state.global_step
        self._channel, theirs = self._worker._mp_ctx.Pipe()
        self._worker._loop_cls = LoopMaker(self._progress, theirs, state.max_steps, saved)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._progress.value = state.global_step
        if control.should_save and self._remembers:
            trained = self._trainer._trained_groups
            self._channel.send(next(group for group in itertools.count() if group not in trained))
            if not self._channel.poll(PATIENCE_S):
                raise TimeoutError(f"the scoring process did not tell the state of its rewards within {PATIENCE_S:g} s")
            state.stateful_callbacks[KEY] = self._channel.recv()
