"""Threads, coroutines, forks, lost servers, dead callers: the box goes on, or ends with its owner."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge, ServerLost

pytestmark = pytest.mark.slow


def completion(n):
    return f"```python\nprint(int(input()) + {n})\n```"


def cases_of(n):
    return [{"stdin": "1", "stdout": str(n + 1)}]


def right(judge, n):
    return judge.verdict(completion(n), tests=cases_of(n)).score == 1.0


def servers(judge):
    return {server.process.pid for server in judge._pool._servers}


@pytest.fixture
def own():
    with CodeJudge(workers=2) as judge:
        yield judge


def test_eight_threads_share_one_judge(own):
    found = [[] for _ in range(8)]

    def work(place):
        found[place] = [right(own, 100 * place + n) for n in range(10)]

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[True] * 10] * 8
    assert len(servers(own)) <= 2


def test_two_hundred_coroutines(own):
    async def all_of_them():
        return await asyncio.gather(*(own.averdict(completion(n), tests=cases_of(n)) for n in range(200)))

    assert {verdict.score for verdict in asyncio.run(all_of_them())} == {1.0}
    assert len(servers(own)) <= 2


def test_a_cancelled_coroutine_ends_its_program_and_frees_its_place(own):
    async def impatient():
        hang = "```python\nwhile True: pass\n```"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(own.averdict(hang, tests=cases_of(0)), 0.3)
        return await own.averdict(completion(1), tests=cases_of(1))

    start = time.monotonic()
    assert asyncio.run(impatient()).score == 1.0
    assert time.monotonic() - start < 3


def test_use_after_fork(own):
    assert right(own, 1)
    before = servers(own)
    pid = os.fork()
    if not pid:
        os._exit(0 if right(own, 2) and not servers(own) & before else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert right(own, 3)
    assert servers(own) == before


def test_pickle_and_spawn(own):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(right, [(own, n) for n in range(6)]) == [True] * 6
    assert "_pool" not in pickle.loads(pickle.dumps(own)).__getstate__()


def test_a_server_killed_in_the_middle_of_a_run_is_replaced_and_the_run_repeated(own):
    (first,) = own._pool._servers
    threading.Timer(0.3, lambda: os.kill(first.process.pid, signal.SIGKILL)).start()
    slow = "```python\nimport time\ntime.sleep(0.8)\nprint(5)\n```"
    assert own.verdict(slow, tests=[{"stdin": "", "stdout": "5"}]).score == 1.0
    assert first not in own._pool._servers
    assert own.infra_errors == 0


def test_when_servers_keep_dying_the_judge_abstains_or_raises(monkeypatch):
    def lose(*_args, **_kwargs):
        raise ServerLost("gone")

    with CodeJudge(workers=1) as judge, CodeJudge(workers=1, on_infra_error="raise") as strict:
        with monkeypatch.context() as patch:
            patch.setattr("jurybox.judges.code.outside.server.Server.take", lose)
            verdict = judge.verdict(completion(1), tests=cases_of(1))
            assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "infra_error")
            assert judge.infra_errors == 1
            with pytest.raises(ServerLost):
                strict.verdict(completion(1), tests=cases_of(1))
        assert right(judge, 2)
        assert right(strict, 2)


CALLER = """
import sys, threading, time
from jurybox.judges.code import CodeJudge
judge = CodeJudge(workers=2, without={without})
hang = "```python\\nimport time\\nwhile True: time.sleep(1)\\n```"
for n in range(2):
    tests = [{{"stdin": str(n), "stdout": ""}}]
    threading.Thread(target=judge.verdict, args=(hang,), kwargs={{"tests": tests}}).start()
while len(judge._pool._servers) < 2: time.sleep(0.01)
time.sleep(0.5)
print(*(s.process.pid for s in judge._pool._servers), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("without", [[], ["namespaces"]])
def test_nothing_outlives_a_killed_caller_by_a_second(descendants, without):
    caller = subprocess.Popen([sys.executable, "-c", CALLER.format(without=without)], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in caller.stdout.readline().split()]
    members = descendants(pids)
    assert len(members) >= 6  # servers, programs, and spares that wait
    caller.kill()
    deadline = time.monotonic() + 1
    while (left := {pid for pid in members if descendants([pid])}) and time.monotonic() < deadline:
        time.sleep(0.02)
    caller.communicate()
    assert not left


def test_five_thousand_runs_leave_nothing_behind(own):
    def state():
        (status,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
        return len(os.listdir("/proc/self/fd")), int(status.split()[1]) / 1024, len(children())

    def children():  # dead ones too
        parents = [Path(f"/proc/{pid}/stat") for pid in os.listdir("/proc") if pid.isdigit()]
        return [
            stat
            for stat in parents
            if stat.exists() and f") {stat.read_text().rpartition(') ')[2][0]} {os.getpid()} " in stat.read_text()
        ]

    def batch(start, count):
        rows = range(start, start + count)
        verdicts = own.verdicts([completion(n) for n in rows], tests=[cases_of(n) for n in rows])
        assert all(verdict.passed for verdict in verdicts)

    batch(0, 500)
    descriptors, memory, count = state()
    for start in range(500, 5000, 500):
        batch(start, 500)
    descriptors_after, memory_after, count_after = state()
    assert descriptors_after <= descriptors + 2
    assert memory_after < memory + 20
    assert count_after <= count


def test_copies_in_one_process_share_their_servers_until_one_is_closed():
    completion, tests = "```python\nprint(1)\n```", [{"stdin": "", "stdout": "1"}]
    with CodeJudge(workers=1) as judge:
        first, second = (pickle.loads(pickle.dumps(judge)) for _ in range(2))
    for copy in (first, second, first):
        assert copy.verdict(completion, tests=tests).score == 1.0
    assert first._pool is second._pool
    assert len(first._pool._servers) == 1
    first.close()
    third = pickle.loads(pickle.dumps(judge))
    assert third._pool is not second._pool
    assert third.verdict(completion, tests=tests).score == second.verdict(completion, tests=tests).score == 1.0
    second.close()
    third.close()
