"""Rewards with a memory in TRL's own trainers: one state over all processes, saved and restored with checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.utils import get_callable_name

from .reward_state import RewardStates

KEY = "jurybox_reward_states"  # in trainer_state.json


class RewardStateCallback(TrainerCallback):
    """Lets a reward with a memory learn in an unmodified `GRPOTrainer` or `RLOOTrainer` as in our trainers.

        reward = HAPO(MathJudge())
        trainer = GRPOTrainer(model, reward, args=args, train_dataset=dataset, callbacks=[RewardStateCallback(reward)])

    Without it each process remembers only what it scored itself, an evaluation is learned from like training, and a
    resumed run starts with an empty memory. With it, what all processes observed is committed together at the end of
    each optimiser step, in rank order; evaluation during the training is forgotten; checkpoints hold the state in
    `trainer_state.json`. Trainers of this library need no callback. An `evaluate()` outside of `train()` is learned
    from still: no trainer tells a callback before it begins.

    rewards: the reward function of the trainer, or the list of them.

    Raises:
        ValueError: none of them remembers anything; or, on resume, the checkpoint is one without their state.
    """

    def __init__(self, rewards: Any) -> None:
        functions: Sequence[Any] = rewards if isinstance(rewards, (list, tuple)) else [rewards]
        self._states = RewardStates(functions, [get_callable_name(each) for each in functions], gather_object)
        if not len(self._states):
            raise ValueError("none of these rewards remembers anything from batch to batch: leave the callback out")
        self._deferred: Any = None
        self._first_step = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._first_step = state.global_step
        if state.global_step:
            if KEY not in state.stateful_callbacks:
                raise ValueError(
                    "the checkpoint has no state of the rewards, so they would start with an empty memory: resume "
                    "from one that was saved with RewardStateCallback, or start from its weights without resuming"
                )
            self._states.restore(state.stateful_callbacks[KEY], "the checkpoint")
        self._deferred = self._states.deferred()
        self._deferred.__enter__()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        serves = _micro_steps_of_a_generation(args)
        end = (state.global_step - self._first_step) * args.gradient_accumulation_steps
        start = end - args.gradient_accumulation_steps
        if -(-start // serves) * serves < end:  # a generation began in this step
            self._states.settle(training=True)
        state.stateful_callbacks[KEY] = self._states.saved(mid_generation=end % serves != 0)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._states.settle(training=False)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._deferred is not None:
            self._deferred.__exit__(None, None, None)
            self._deferred = None


def _micro_steps_of_a_generation(args: Any) -> int:
    """Micro-steps that one generation serves; a resumed trainer begins with a new one."""
    steps = getattr(args, "steps_per_generation", None) or args.gradient_accumulation_steps
    return int(steps * getattr(args, "num_iterations", 1))
