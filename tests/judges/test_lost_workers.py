"""Executors that lose workers: no batch raises, no row is lost, and none is judged twice into a state."""

from __future__ import annotations

import os
import signal
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from jurybox.judges import Judge, Verdict, WorkerDied
from tests import judged


class Deadly(Judge):
    """Ends its process on one word."""

    def _judge(self, sample):
        if sample.text == "deadly":
            os._exit(9)
        return Verdict(1.0, evidence={"pid": os.getpid()})


class Losing(ThreadPoolExecutor):
    """Loses the worker of every chunk with a deadly row in it, as a cluster would."""

    error: type[Exception] = WorkerDied

    def submit(self, function, sent, chunk):
        if any(sample.text == "deadly" for sample in chunk):
            lost = Future()
            lost.set_exception(self.error("gone"))
            return lost
        return super().submit(function, sent, chunk)


def test_the_row_that_loses_its_worker_is_found_and_the_others_are_judged():
    completions = [str(n) for n in range(50)]
    completions[17] = completions[40] = "deadly"
    with Losing(2) as executor:
        verdicts = Deadly().on(executor, chunk=16).verdicts(completions)
    assert [n for n, verdict in enumerate(verdicts) if verdict.score == 0.0] == [17, 40]
    assert verdicts[17].reason == "worker failed"
    assert sum(verdict.score for verdict in verdicts) == 48


def test_rows_that_are_judged_together_abstain_together():
    with Losing(2) as executor:
        verdicts = judged.longest.on(executor).verdicts(["a", "deadly", "bb"], ["p", "p", "q"])
    assert [verdict.score for verdict in verdicts] == [None, None, 1.0]


def test_a_pool_that_is_broken_abstains():
    class Broken(Losing):
        error = BrokenExecutor

    with Broken(1) as executor:
        verdicts = Deadly().on(executor, chunk=2).verdicts(["a", "b", "deadly", "d"])
    assert [verdict.score for verdict in verdicts] == [1.0, 1.0, None, None]
    assert verdicts[2].reason == "worker failed"


def test_an_executor_that_was_closed_is_told():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        Deadly().on(executor).verdicts(["a"])


@pytest.mark.slow
def test_a_real_pool_of_processes():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        judge = Deadly().on(executor, chunk=1)
        verdicts = judge.verdicts(["a", "deadly", "c"])
        assert verdicts[1].score is None
        assert {verdict.reason for verdict in judge.verdicts(["d"])} == {"worker failed"}


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray")
    from jurybox.judges.workers.ray_actors import RayExecutor

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    with RayExecutor(2) as executor:
        yield executor
    ray.shutdown()


@pytest.mark.slow
class TestRay:
    def test_same_verdicts_as_here(self, cluster):
        from .test_executors import assert_same_as_local

        assert_same_as_local(cluster)

    def test_actors_keep_their_judges(self, cluster):
        judge = judged.Remembering().on(cluster, chunk=10)
        told = [verdict.evidence["batch"] for _ in range(3) for verdict in judge.verdicts([str(n) for n in range(40)])]
        assert max(told) >= 6  # twelve chunks on two actors that unpacked the judge once

    def test_a_row_that_kills_its_actor_costs_itself(self, cluster):
        verdicts = Deadly().on(cluster, chunk=4).verdicts(["a", "b", "deadly", "d", "e"])
        assert [verdict.score for verdict in verdicts] == [1.0, 1.0, 0.0, 1.0, 1.0]

    def test_an_actor_that_is_killed_loses_nothing_and_nothing_counts_twice(self, cluster):
        rows, batch = 100_000, 10_000
        reward = judged.InProcess().on(cluster, chunk=250).as_reward().standardize("seen")
        pids = set()
        for start in range(0, rows, batch):
            completions = [str(n) for n in range(start, start + batch)]
            if start == 50_000:
                killer = ThreadPoolExecutor(1)
                killed = killer.submit(kill_soon, next(iter(pids)))
            scores = reward(completions=completions)
            assert len(scores) == batch
            assert None not in scores
            verdicts = judged.InProcess().on(cluster, chunk=250).verdicts(completions[:500])
            pids |= {verdict.evidence["pid"] for verdict in verdicts}
        assert killed.result()
        killer.shutdown()
        assert len(pids) >= 3  # two, and the one that came for the killed one
        (state,) = reward.states.values()
        assert state.count == rows


def kill_soon(pid):
    import time

    time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return True
