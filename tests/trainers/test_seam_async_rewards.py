"""Rewards in TRL's asynchronous trainer. Its generation needs a vLLM server, so its own scoring loop is run on groups
made by hand, here and in a spawned process."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import queue
from types import SimpleNamespace
from typing import Any

import pytest
from accelerate import PartialState
from seam_tiny import count_letter
from transformers import TrainerControl, TrainerState
from trl.experimental.async_grpo import AsyncGRPOTrainer
from trl.experimental.async_grpo import async_rollout_worker as trl_worker

from jurybox.rewards import Function, Linear
from jurybox.trainers import inform_rewards
from jurybox.trainers.seam._async_journal import Journal
from jurybox.trainers.seam._async_loop import GroupLoop, LoopMaker

SEQUENCE = trl_worker.TrainingSequence(
    **{field: [] for field in inspect.signature(trl_worker.TrainingSequence).parameters}
)
LETTERS = Function(count_letter).named("letters")


def reward() -> Any:
    """Half a schedule, half a memory."""
    return (LETTERS.schedule(Linear(0.0, 1.0, 10)) + LETTERS.standardize("seen")).named("quality")


def group(number: int, *completions: str) -> trl_worker.RolloutGroup:
    size = len(completions)
    return trl_worker.RolloutGroup(
        prompts=[[]] * size,
        reward_kwargs={"letter": ["e"] * size},
        completions=list(completions),
        completions_ids=[[1]] * size,
        completions_sequences=[[SEQUENCE]] * size,
        tool_call_counts=[0] * size,
        tool_failure_counts=[0] * size,
        model_version=0,
        group_id=number,
        env_rewards=[],
        rollout_rewards=[],
    )


def made(self: Any, *, reward_funcs: list[Any], metrics_queue: Any) -> None:
    """So much of a loop as scoring needs."""
    PartialState(cpu=True)  # TRL's logger wants it
    self.reward_funcs = reward_funcs
    self.reward_func_names = [trl_worker.get_callable_name(each) for each in reward_funcs]
    self._env_reward_types = []
    self._metrics_queue, self._counters, self._rates = metrics_queue, {}, {}


def scores(loop: GroupLoop, asked: trl_worker.RolloutGroup) -> list[float]:
    return [sample.metrics["reward"] for sample in asyncio.run(loop._score_group(asked))]


class TestJournal:
    def journal(self, saved=None):
        rewarded = LETTERS.standardize("seen")
        states = rewarded.states
        return states["seen"], Journal(states, saved)

    def test_groups_that_were_not_trained_on_are_left_for_the_next_checkpoint(self):
        state, journal = self.journal()
        for number, values in enumerate(([1.0, 2.0], [10.0], [3.0])):
            for value in values:
                state.observe(value)
            journal.commit((0, 2, 1)[number])  # scored in another order than they began
        assert state.count == 4  # what the next group is scored with
        assert journal.saved(0)["seen"]["count"] == 0
        assert (journal.saved(2)["seen"]["count"], journal.saved(2)["seen"]["mean"]) == (3, 2.0)
        assert journal.saved(3)["seen"] == state.state_dict()

    def test_a_resumed_one_goes_on(self):
        state, journal = self.journal()
        state.observe(1.0)
        journal.commit(0)
        again, resumed = self.journal(saved=journal.saved(1))
        assert again.count == 1
        again.observe(3.0)
        resumed.commit(0)
        assert resumed.saved(1)["seen"]["mean"] == 2.0


def test_rewards_follow_the_step_log_their_parts_and_remember(monkeypatch):
    monkeypatch.setattr(trl_worker._AsyncRolloutLoop, "__init__", made)
    ours, theirs = multiprocessing.Pipe()
    progress, pushed = SimpleNamespace(value=0), queue.Queue()
    loop = LoopMaker(progress, theirs, 10, None)(reward_funcs=[reward(), count_letter], metrics_queue=pushed)
    assert loop.reward_func_names == ["quality", "count_letter"]
    first = scores(loop, group(0, "ee", "oo"))
    assert first == [2.0, 0.0], "the schedule is at 0, and the memory is empty, so that a number stays as it is"
    progress.value = 10
    second = scores(loop, group(1, "ee", "oo"))
    assert second[0] - second[1] == pytest.approx(2.0 + 2.0)  # schedule, function, and one standard deviation each side
    assert pushed.get()["letters/score"] == 0.5
    for before, count in ((0, 0), (1, 2), (2, 4)):
        ours.send(before)
        assert ours.recv()["quality/seen"]["count"] == count
    ours.close()


def in_a_child(maker: LoopMaker, go: Any, results: Any) -> None:
    trl_worker._AsyncRolloutLoop.__init__ = made
    loop = maker(reward_funcs=[reward()], metrics_queue=queue.Queue())
    for number in range(3):
        go.acquire()
        results.put(scores(loop, group(number, "ee", "oo")))
    go.acquire()


class Worker(trl_worker.AsyncRolloutWorker):
    def __init__(self) -> None:
        self._mp_ctx = multiprocessing.get_context("spawn")
        self._loop_kwargs = {"reward_funcs": [reward()]}


def informed() -> tuple[Any, Worker, Any]:
    worker = Worker()
    trainer = SimpleNamespace(
        rollout_worker=worker, _trained_groups=set(), callback_handler=SimpleNamespace(callbacks=["flow", "start"])
    )
    assert inform_rewards(trainer) is trainer
    first, callback, last = trainer.callback_handler.callbacks
    assert (first, last) == ("flow", "start")
    return trainer, worker, callback


@pytest.mark.slow
def test_across_processes_a_checkpoint_holds_what_was_trained_on():
    trainer, worker, callback = informed()
    state = TrainerState(max_steps=10)
    callback.on_train_begin(None, state, TrainerControl())
    go, results = worker._mp_ctx.Semaphore(0), worker._mp_ctx.Queue()
    child = worker._mp_ctx.Process(target=in_a_child, args=(worker._loop_cls, go, results), daemon=True)
    child.start()
    try:
        go.release()
        assert results.get(timeout=240) == [1.0, 0.0]
        trainer._trained_groups.add(0)
        state.global_step = 10
        callback.on_step_end(None, state, TrainerControl(should_save=False))
        assert "jurybox_reward_states" not in state.stateful_callbacks
        go.release()
        high, low = results.get(timeout=60)
        assert high - low == pytest.approx(3.0, abs=1e-4)
        callback.on_step_end(None, state, TrainerControl(should_save=True))
        assert state.stateful_callbacks["jurybox_reward_states"]["quality/seen"]["count"] == 2
    finally:
        child.kill()
        child.join()
    _, worker, callback = informed()
    callback.on_train_begin(None, state, TrainerControl())
    assert worker._loop_cls.saved["quality/seen"]["count"] == 2
    assert worker._loop_cls.progress.value == 10


def test_a_checkpoint_without_the_state_is_refused():
    _, _, callback = informed()
    with pytest.raises(ValueError, match="no state of the rewards"):
        callback.on_train_begin(None, TrainerState(global_step=3), TrainerControl())


def test_other_workers_are_refused():
    with pytest.raises(TypeError, match="not SimpleNamespace"):
        inform_rewards(SimpleNamespace(rollout_worker=SimpleNamespace()))
    rank_1 = SimpleNamespace(rollout_worker=None)
    assert inform_rewards(rank_1) is rank_1


def test_what_is_taken_for_granted_of_trl():
    child = inspect.signature(trl_worker._child_main).parameters
    assert list(child)[:2] == ["loop_cls", "loop_kwargs"]
    assert list(inspect.signature(trl_worker._AsyncRolloutLoop._score_group).parameters) == ["self", "group"]
    assert list(inspect.signature(trl_worker._AsyncRolloutLoop._push_metrics).parameters) == ["self", "values"]
    start = inspect.getsource(trl_worker.AsyncRolloutWorker.start)
    assert all(name in start for name in ("self._loop_cls", "self._loop_kwargs", "self._mp_ctx.Process"))
    assert "asyncio.to_thread(reward_func, **kwargs)" in inspect.getsource(trl_worker._AsyncRolloutLoop._score_group)
    save = inspect.getsource(AsyncGRPOTrainer._save_checkpoint)
    assert "first_untrained = next(g for g in itertools.count() if g not in trained)" in save
