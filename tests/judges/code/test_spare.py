"""The child that waits for the next program: nobody reaches it, nothing is lost on it, it ends with its owners."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge, Limits

pytestmark = pytest.mark.slow

WITHOUT = ((), ("namespaces",), ("landlock",), ("landlock", "namespaces"))
NOTHING_LIKE_IT = [{"stdin": "", "stdout": "nothing like this"}]
HELLO = "print('hello')"
HELLO_TESTS = [{"stdin": "", "stdout": "hello"}]


@pytest.fixture(scope="module", params=WITHOUT, ids=lambda without: "without " + " ".join(without))
def boxed(request):
    """Judges with each combination of layers that "strict" accepts."""
    with CodeJudge(workers=1, without=request.param) as judge:
        yield judge


@pytest.fixture
def own():
    with CodeJudge(workers=1, retry_starved=False) as judge:
        yield judge


def server_of(judge):
    (server,) = judge._pool._servers
    return server


def spare_of(judge):
    """The spare, waited for."""
    server = server_of(judge)
    deadline = time.monotonic() + 5
    while server._spare is None and time.monotonic() < deadline:
        server.receive()
        time.sleep(0.005)
    return server._spare


def pids_of(spare):
    """Its process id here, and in its own process namespace."""
    info = dict(
        line.split(":\t") for line in Path(f"/proc/self/fdinfo/{spare.pidfd.fileno()}").read_text().splitlines()
    )
    return int(info["Pid"]), int(info["NSpid"].split()[-1])


def gone(pids, within):
    deadline = time.monotonic() + within
    while (left := [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists()]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not [pid for pid in left if Path(f"/proc/{pid}/cmdline").read_bytes()]  # a zombie has none


# Out of reach.

REACH = """
import ctypes, os, signal, time
libc = ctypes.CDLL(None, use_errno=True)
time.sleep(0.3)  # until the spare is there
size, buffer = ctypes.byref(ctypes.c_size_t()), ctypes.create_string_buffer(4096)
raw = {
    "tgkill": (234, 0, 0), "rt_sigqueueinfo": (129, 0, buffer), "ptrace": (101, 0, 0), "process_vm_readv": (310,),
    "prlimit64": (302, 0, None, buffer), "robust list": (274, buffer, size), "setpriority": (141, 0, 5),
    "kcmp": (312, 0, 0), "sched_setaffinity": (203, 8, buffer), "ioprio_set": (251, 0, 0),
}
raw_orders = {"ptrace": lambda pid, a, b: (0x4206, pid, a, b), "setpriority": lambda pid, a, b: (0, pid, b),
    "tgkill": lambda pid, a, b: (pid, pid, b), "kcmp": lambda pid, a, b: (pid, os.getpid(), a, b, 0),
    "robust list": lambda pid, a, b: (pid, a, b), "ioprio_set": lambda pid, a, b: (1, pid, b)}
def by_number(name, pid):
    number, *rest = raw[name]
    arguments = raw_orders[name](pid, *rest) if name in raw_orders else (pid, *rest)
    if libc.syscall(number, *arguments) < 0:
        raise OSError
deeds = {
    "kill": lambda pid: os.kill(pid, 0),
    "pidfd": os.pidfd_open,
    **{name: lambda pid, name=name: open(f"/proc/{pid}/{name}", "rb").read(1) for name in
       ("mem", "environ", "maps", "auxv", "syscall")},
    "write": lambda pid: open(f"/proc/{pid}/mem", "r+b"),
    "what a descriptor is": lambda pid: os.readlink(f"/proc/{pid}/fd/3"),
    "a descriptor": lambda pid: os.open(f"/proc/{pid}/fd/3", os.O_RDONLY),
    **({name: lambda pid, name=name: by_number(name, pid) for name in raw} if MACHINE == "x86_64" else {}),
}
reached = []
for pid in range(os.getpid() + 1, os.getpid() + 100):
    for name, deed in deeds.items():
        try:
            deed(pid)
            reached.append((name, pid))
        except OSError:
            pass
print(os.getpid(), reached)
"""


def test_a_running_program_cannot_reach_it(boxed, run):
    code = REACH.replace("MACHINE", repr(platform.machine()))
    for _attempt in range(5):  # on a busy machine without namespaces other processes may take the next hundred numbers
        got = run(code, NOTHING_LIKE_IT, judge=boxed).tests[0].got
        own_pid, reached = got.split(maxsplit=1)
        spare = spare_of(boxed)
        assert reached.strip() == "[]"
        if 0 < pids_of(spare)[1] - int(own_pid) < 100:
            break
    else:
        pytest.fail("the spare was never among the processes that were tried")
    assert run(HELLO, HELLO_TESTS, judge=boxed).passed
    assert spare_of(boxed).number > spare.number


def test_programs_share_no_open_file(run, judge):
    flags = "import fcntl, os\ndef f(change):\n    if change:\n        for n in (0, 1, 2):\n            "
    flags += "fcntl.fcntl(n, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)\n"
    flags += "    return [fcntl.fcntl(n, fcntl.F_GETFL) & (os.O_NONBLOCK | os.O_APPEND) for n in (0, 1, 2)]"
    changed = [os.O_NONBLOCK | os.O_APPEND] * 3
    with CodeJudge(workers=1) as own:
        assert run(flags, [{"args": [True], "expected": changed}], "f", judge=own).passed
        assert run(flags + "\n", [{"args": [False], "expected": [0, 0, 0]}], "f", judge=own).passed


@pytest.mark.parametrize(
    "hog",
    [
        "import threading as t\nt.stack_size(1 << 16)\nwhile True: t.Thread(target=t.Event().wait).start()",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "import os\nfds = []\nwhile True:\n    try: fds.append(os.dup(0))\n    except OSError: pass",
        "import sys\nwhile True: sys.stdout.write('x' * 65536)",
        "import signal, os\nfor n in range(1, 65):\n    try: signal.signal(n, lambda *_: None)\n"
        "    except (OSError, ValueError): pass\nwhile True: os.kill(os.getpid(), signal.SIGUSR1)",
    ],
    ids=["threads", "memory", "descriptors", "output", "signals"],
)
def test_a_greedy_program_leaves_the_next_its_due(run, own, hog):
    need = """
    import threading
    threads = [threading.Thread(target=lambda: None) for _ in range(50)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(len(bytearray(300 << 20)) >> 20)
    """
    server = server_of(own)
    assert not run(hog, HELLO_TESTS, judge=own, limits={"wall_s": 0.5}).passed
    assert run(textwrap.dedent(need), [{"stdin": "", "stdout": "300"}], judge=own).passed
    assert server_of(own) is server


# Replaced.


def test_after_a_kill_the_next_program_runs_in_the_spare(run, own):
    before = spare_of(own)
    assert run("while True: pass", HELLO_TESTS, judge=own, limits={"wall_s": 0.3}).reason == "timeout"
    waiting = spare_of(own)
    assert waiting.number == before.number + 1
    assert run(HELLO, HELLO_TESTS, judge=own).passed
    assert spare_of(own).number == waiting.number + 1
    assert server_of(own).ended == {}


def test_a_spare_that_was_killed_costs_no_verdict(run, own):
    pid, _ = pids_of(spare_of(own))
    os.kill(pid, signal.SIGKILL)
    assert gone([pid], within=1)
    assert run(HELLO, HELLO_TESTS, judge=own).passed
    assert own.infra_errors == 0


def test_a_refused_spare_is_asked_for_again_when_it_is_needed(run, own):
    server = server_of(own)
    spare = spare_of(own)
    spare.channel.close()
    spare.pidfd.close()
    server._spare = None  # as after a refusal
    assert run(HELLO, HELLO_TESTS, judge=own).passed
    assert server_of(own) is server


@pytest.mark.parametrize("without", [(), ("namespaces",)])
def test_an_idle_judge_has_one_spare_a_worker(run, descendants, without):
    with CodeJudge(workers=1, without=without) as judge:
        for n in range(5):
            run(f"print({n})", [{"stdin": "", "stdout": str(n)}], judge=judge)
        spare_of(judge)
        time.sleep(0.2)
        expected = 2 if without else 3  # server and spare; the process outside the namespace
        assert len(descendants([server_of(judge).process.pid])) == expected


# Limits count from the program's start.


def test_waiting_costs_a_spare_no_time(run, own):
    spare_of(own)
    time.sleep(1.5)
    verdict = run("import time\ntime.sleep(0.4)\n" + HELLO, HELLO_TESTS, judge=own, limits={"wall_s": 1, "total_s": 1})
    assert verdict.passed
    assert verdict.tests[0].wall_s < 1
    time.sleep(1.5)
    verdict = run("import time\ntime.sleep(9)", HELLO_TESTS, judge=own, limits={"wall_s": 0.5})
    assert verdict.reason == "timeout"
    assert 0.5 <= verdict.tests[0].wall_s < 0.5 + 1


def test_the_limit_of_cpu_time_is_the_programs_own(run):
    with CodeJudge(workers=1, limits=Limits(wall_s=15, total_s=15, cpu_s=1)) as judge:
        spare_of(judge)
        time.sleep(1.2)
        busy = "import time\nwhile time.process_time() < {}: pass\nprint('hello')"
        assert run(busy.format(0.8), HELLO_TESTS, judge=judge).passed
        verdict = run(busy.format(9), HELLO_TESTS, judge=judge)
        assert not verdict.passed
        assert 0.9 < verdict.tests[0].cpu_s < 1.5


# The end.


@pytest.mark.parametrize("without", [(), ("namespaces",)])
def test_it_dies_with_its_server_and_with_its_judge(without):
    with CodeJudge(workers=1, without=without) as judge:
        pid, _ = pids_of(spare_of(judge))
        server_of(judge).process.kill()
        assert gone([pid], within=1)
    judge = CodeJudge(workers=1, without=without)
    pid, _ = pids_of(spare_of(judge))
    judge.close()
    assert gone([pid], within=1)


IDLE = """
import time
from jurybox.judges.code import CodeJudge
judge = CodeJudge(workers=1, without={without})
time.sleep(0.3)
print(*(server.process.pid for server in judge._pool._servers), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("without", [[], ["namespaces"]])
def test_it_dies_with_an_idle_caller(descendants, without):
    caller = subprocess.Popen([sys.executable, "-c", IDLE.format(without=without)], stdout=subprocess.PIPE, text=True)
    pids = descendants([int(pid) for pid in caller.stdout.readline().split()])
    assert len(pids) == (2 if without else 3)
    caller.kill()
    assert gone(pids, within=1)
    caller.communicate()
