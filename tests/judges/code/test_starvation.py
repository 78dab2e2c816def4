"""A verdict does not depend on the load of the machine, and no program can pretend that it does."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from jurybox.judges.code import CodeJudge, Limits
from jurybox.judges.code.outside.own_time import CoreWait, Turn

WORK = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
KINDS = {
    "stdio": (WORK.format(0.25) + "print(1)", [{"stdin": "", "stdout": "1"}], None),
    "call": (WORK.format(0) + "def f(x):\n    end = time.process_time() + 0.25\n"
             "    while time.process_time() < end: pass\n    return x", [{"args": [1], "expected": 1}], "f"),
    "thread": ("import threading, time\ndef main():\n    end = time.process_time() + 0.25\n"
               "    while time.process_time() < end: pass\n    print(1)\nthreading.Thread(target=main).start()",
               [{"stdin": "", "stdout": "1"}], None),
    "assert": (WORK.format(0.25) + "def f(x): return x", {"source": "assert f(1) == 1"}, None),
}  # fmt: skip


@pytest.fixture
def load():
    """One core for the judge, its servers and three busy processes."""
    cores = os.sched_getaffinity(0)
    one = min(cores)
    os.sched_setaffinity(0, {one})  # inherited by the judge's servers
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for process in busy:
        process.kill()
        process.wait()
    os.sched_setaffinity(0, cores)


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_that_finds_no_core_is_not_scored_as_slow(run, load, kind):
    code, tests, entry = KINDS[kind]
    with CodeJudge(workers=1, limits=Limits(wall_s=0.5)) as judge:
        verdict = run(code, tests, entry, judge=judge)
    assert verdict.score == 1.0, verdict.evidence


HANGS = {
    "running": "while True: pass",
    "running threads": "import threading\ndef spin():\n    while True: pass\n"
                       "for _ in range(9): threading.Thread(target=spin).start()\nspin()",
    "sleeping": "import time\ntime.sleep(100)",
    "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "blocked": "import threading\nthreading.Lock().acquire()\nthreading.Lock().acquire()\n"
               "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "waiting for input": "import os\nreader, writer = os.pipe()\nos.read(reader, 1)",
    "in a thread alone": "import ctypes, threading, time\nthreading.Thread(target=time.sleep, args=(100,)).start()\n"
                         "ctypes.CDLL(None).pthread_exit(None)",
}  # fmt: skip


@pytest.mark.parametrize("how", HANGS)
def test_one_that_never_ends_is_a_timeout_however_it_hangs(run, load, how):
    with CodeJudge(workers=1, limits=Limits(wall_s=0.3)) as judge:
        verdict = run(HANGS[how], [{"stdin": "", "stdout": "1"}], judge=judge)
    assert (verdict.score, verdict.reason, verdict.usage.processes) == (0.0, "timeout", 1)
    assert verdict.seconds < 3, "the cap of the wall clock is for those that find no core"


def test_the_cap_of_the_wall_clock_abstains_and_judges_nothing_more(run, monkeypatch):
    """As on a machine where the program finds no core at all, twice."""
    monkeypatch.setattr(CoreWait, "seconds", lambda self: 1e9)
    tests = [{"stdin": "", "stdout": "1"}] * 3
    with CodeJudge(workers=1, limits=Limits(wall_s=0.05)) as judge:
        verdict = run("while True: pass", tests, judge=judge)
        assert (verdict.score, verdict.reason, verdict.usage.processes) == (None, "starved", 2)
        assert [result.label for result in verdict.tests] == ["starved", "not_run", "not_run"]
    with CodeJudge(workers=1, limits=Limits(wall_s=0.05), reward="all") as judge:
        failing = "import sys\nif sys.stdin.read(): print(1)\nelse:\n    while True: pass"
        verdict = run(failing, [{"stdin": "x", "stdout": "2"}, *tests], judge=judge)
    assert (verdict.score, verdict.reason) == (0.0, "wrong_answer"), "what failed has failed, whatever the rest is"


def test_time_of_ones_own_is_that_of_the_clock_less_the_wait_for_a_core():
    waited = iter([2.0, 2.75])
    turn = Turn(0.01, 100, lambda: next(waited), 2.0)
    time.sleep(0.02)
    assert turn.over() is True
    turn.began -= 0.5
    assert turn.over() is False
    assert turn.starved is False
    assert turn.look - time.monotonic() == pytest.approx(0.01 + 0.75 - 0.52, abs=0.05)


STARVES_ITSELF = """
import threading, time, zlib
def spin(end):
    data = b"x" * (1 << 20)
    while time.monotonic() < end: zlib.compress(data)
threads = [threading.Thread(target=spin, args=(time.monotonic() + {spinning},), daemon=True) for _ in range(12)]
[each.start() for each in threads]
spin(time.monotonic() + {spinning})
time.sleep(60)
"""
CLAIMS_IT = """
import json, os, struct, sys
body = json.dumps(["ended", "runtime_error", "starved"]).encode()
os.write(3, struct.pack("!I", len(body)) + body)
"""


@pytest.mark.parametrize("spinning", [0.3, 9])
def test_a_program_that_starves_itself_has_run_out_of_time(run, spinning):
    with CodeJudge(workers=1, limits=Limits(wall_s=0.6)) as judge:
        verdict = run(STARVES_ITSELF.format(spinning=spinning), [{"stdin": "", "stdout": "1"}], judge=judge)
    assert (verdict.score, verdict.reason) == (0.0, "timeout")


def test_the_claim_to_have_starved_buys_no_second_run(run):
    verdict = run(CLAIMS_IT, [{"stdin": "", "stdout": ""}])
    assert (verdict.score, verdict.reason, verdict.usage.processes) == (0.0, "runtime_error", 1)
