"""A verdict does not depend on the load of the machine, and no program can pretend that it does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jurybox.judges.code import CodeJudge, Limits

WORK = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
KINDS = {
    "stdio": (WORK.format(0.5) + "print(1)", [{"stdin": "", "stdout": "1"}], None),
    "call": (WORK.format(0) + "def f(x):\n    end = time.process_time() + 0.5\n"
             "    while time.process_time() < end: pass\n    return x", [{"args": [1], "expected": 1}], "f"),
    "assert": (WORK.format(0.5) + "def f(x): return x", {"source": "assert f(1) == 1"}, None),
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
    with CodeJudge(workers=1, limits=Limits(wall_s=1)) as judge:
        verdict = run(code, tests, entry, judge=judge)
    assert verdict.score == 1.0, verdict.evidence


def test_one_that_never_ends_is_a_timeout_all_the_same(run, load):
    with CodeJudge(workers=1, limits=Limits(wall_s=0.5)) as judge:
        verdict = run("while True: pass", [{"stdin": "", "stdout": "1"}], judge=judge)
    assert (verdict.score, verdict.reason) in [(0.0, "timeout"), (None, "starved")]  # as much as this machine tells


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
