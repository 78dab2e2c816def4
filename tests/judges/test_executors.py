"""Judges on other people's executors: threads, processes, a Dask cluster; order and results as at home."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from jurybox.rewards import Cascade
from tests import judged

ROWS = 100
COMPLETIONS = [str(n % 17) for n in range(ROWS)]
COLUMNS = {"solution": [str(n % 5) for n in range(ROWS)]}
PROMPTS = [f"question {n // 7}" for n in range(ROWS)]
JUDGES = [judged.right, judged.share, judged.awaited, judged.longest, judged.above_mean, judged.Counting()]


def plain(verdicts):
    return [verdict.replace(seconds=0.0) for verdict in verdicts]


def assert_same_as_local(executor):
    for judge in JUDGES:
        local = plain(judge.verdicts(COMPLETIONS, PROMPTS, **COLUMNS))
        assert plain(judge.on(executor, chunk=9).verdicts(COMPLETIONS, PROMPTS, **COLUMNS)) == local, judge
    reward = Cascade(judged.share, judged.right) + 0.5 * judged.awaited
    there = Cascade(judged.share.on(executor), judged.right.on(executor)) + 0.5 * judged.awaited.on(executor)
    assert there(completions=COMPLETIONS, **COLUMNS) == reward(completions=COMPLETIONS, **COLUMNS)


def test_threads():
    with ThreadPoolExecutor(3) as executor:
        assert_same_as_local(executor)


def test_mistakes_are_raised_at_home_and_name_the_row_of_the_batch():
    wrong = judged.judge(lambda completion: "words" if completion == "61" else True, name="wrong")
    completions = [str(n) for n in range(70)]
    with ThreadPoolExecutor(1) as executor, pytest.raises(TypeError, match="judge wrong returned str for row 61"):
        wrong.on(executor, chunk=8).verdicts(completions)


def test_the_batch_is_split_into_chunks():
    sizes = []

    class Recording(ThreadPoolExecutor):
        def submit(self, function, *args, **kwargs):
            sizes.append(len(args[1]))
            return super().submit(function, *args, **kwargs)

    with Recording(1) as executor:
        judged.InProcess().on(executor, chunk=30).verdicts([str(n) for n in range(70)])
        assert sizes == [30, 30, 10]
        judged.InProcess().on(executor).verdicts([])
        assert len(sizes) == 3


@pytest.mark.slow
def test_processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert_same_as_local(executor)
        verdicts = judged.InProcess().on(executor, chunk=5).verdicts(COMPLETIONS)
    assert os.getpid() not in {verdict.evidence["pid"] for verdict in verdicts}
    assert [verdict.evidence["text"] for verdict in verdicts] == COMPLETIONS


@pytest.mark.slow
def test_a_process_unpacks_a_judge_once():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        judge = judged.Remembering().on(executor, chunk=10)
        verdicts = [verdict for _ in range(2) for verdict in judge.verdicts([str(n) for n in range(30)])]
    assert [verdict.evidence["batch"] for verdict in verdicts[::10]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        assert_same_as_local(executor)
        verdicts = judged.InProcess().on(executor, chunk=5).verdicts(COMPLETIONS)
    assert os.getpid() not in {verdict.evidence["pid"] for verdict in verdicts}
    assert [verdict.evidence["text"] for verdict in verdicts] == COMPLETIONS
