"""What a program cannot do, layer by layer. The suite of hostile rows is run by `test_golden_programs.py`."""

from __future__ import annotations

import os
import textwrap

import pytest

from jurybox.judges.code import LAYERS, CodeJudge, IsolationReport, IsolationUnavailable
from jurybox.judges.code.outside.isolation import logger

OPENLESS = ("landlock", "namespaces")


@pytest.fixture(
    scope="module", params=[(), ("namespaces",), ("landlock",), OPENLESS], ids=lambda w: "without " + " ".join(w)
)
def boxed(request):
    """Judges with each combination of layers that "strict" accepts."""
    with CodeJudge(workers=1, without=request.param) as judge:
        yield judge


@pytest.fixture
def tells(run):
    """What a piece of program prints: "refused" where it raises OSError."""

    def tells(judge, deed):
        code = f"try:\n{textwrap.indent(textwrap.dedent(deed), '    ')}\nexcept OSError:\n    print('refused')"
        verdict = run(code, [{"stdin": "", "stdout": "nothing like this"}], judge=judge)
        return verdict.tests[0].got or verdict.evidence.get("stderr", "").strip().splitlines()[-1]

    return tells


DEEDS = [
    "import os; print(os.fork())",
    "import os; os.execv('/bin/sh', ['sh', '-c', 'true'])",
    "import os; os.kill(os.getppid(), 0); print('signalled')",
    "import os; os.kill(1, 0); print('signalled')",
    "import os; os.kill(-1, 0); print('signalled')",
    "import socket; socket.socket(); print('socket')",
    "import socket; socket.socket(socket.AF_UNIX); print('socket')",
    "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); print('datagrams')",
    "open('/tmp/jurybox-test', 'w'); print('written')",
    "open('/dev/shm/jurybox-test', 'w'); print('written')",
    "open('/dev/null', 'w'); print('written')",
    "import os; os.mkdir('/tmp/jurybox-test'); print('made')",
    "import os; os.chmod('/', 0o777); print('changed')",
    "import os; os.setuid(0); os.setgid(0); print('identity')",
    "import os; os.memfd_create('x'); print('memory file')",
    "import os; os.truncate('/etc/passwd', 0); print('truncated')",
    "import os; os.setsid(); print('session')",
    "import os; os.nice(-1); print('nice')",
    "print(open('/etc/passwd').read())",
    "print(open('/proc/1/environ', 'rb').read())",
    "import os; print(open(f'/proc/{os.getppid()}/mem', 'rb').read(1))",
    "print(open('/proc/self/mem', 'r+b').read(1))",
    "import resource as r; r.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY,) * 2); print('unlimited')",
]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_forbidden_deeds_are_refused(boxed, tells, deed):
    told = tells(boxed, deed)
    assert told.startswith("refused") or "not allowed" in told or "not permitted" in told, told


def test_raw_system_calls_are_refused(boxed, tells):
    """ptrace, process_vm_readv, io_uring, bpf, userfaultfd, unshare, setns, mount and their like."""
    numbers = [101, 310, 425, 321, 323, 250, 272, 308, 165, 248, 298, 438, 56 | 1 << 30]
    deed = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        print([libc.syscall(n, 0, 0, 0, 0, 0, 0) for n in {numbers}])
    """
    if os.uname().machine == "x86_64":
        assert tells(boxed, deed).strip() == str([-1] * len(numbers))


def test_what_programs_need_is_allowed(boxed, run):
    code = """
    import asyncio, json, os, signal, socket, tempfile, threading, time, colorsys, sqlite3
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.02)
    os.kill(os.getpid(), 0)
    a, b = socket.socketpair()
    a.sendall(b"x")
    async def main(): await asyncio.sleep(0.001); return b.recv(1).decode()
    print(asyncio.run(main()), os.cpu_count() > 0, os.path.exists("/nowhere"))
    """
    if set(OPENLESS) <= set(boxed.settings.layers) ^ set(LAYERS):
        code = code.replace("colorsys, sqlite3", "colorsys")
    verdict = run(textwrap.dedent(code), [{"stdin": "", "stdout": "x True False"}], judge=boxed)
    assert verdict.passed, verdict.evidence


def test_many_threads_end_with_the_program(judge, run):
    code = "import threading as t\nt.stack_size(1 << 16)\nwhile True: t.Thread(target=t.Event().wait).start()"
    verdict = run(code, [{"stdin": "", "stdout": ""}], limits={"wall_s": 1})
    assert verdict.reason in ("runtime_error", "timeout", "memory_limit")
    assert verdict.seconds < 3


def test_an_idle_descriptor_is_not_left_to_the_program(run):
    code = "import os\nprint(os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd') else 0)"
    open_ones = (
        "import os\nn = 0\nfor fd in range(3, 1024):\n    try: os.fstat(fd); n += 1\n    except OSError: pass\nprint(n)"
    )
    assert run(open_ones, [{"stdin": "", "stdout": "1"}]).score == 1.0, code  # the channel


# Policy.


def test_strict_is_never_given_up_silently():
    with pytest.raises(IsolationUnavailable, match=r"landlock \(switched off\).*isolation='degraded'"):
        CodeJudge(without=["landlock", "private_root", "no_open"])
    with pytest.raises(IsolationUnavailable, match=r"seccomp \(switched off\)"):
        CodeJudge(without=["seccomp"])


def test_degraded_says_so_in_every_verdict_and_in_the_log(run, caplog):
    with caplog.at_level("WARNING", logger.name):
        judge = CodeJudge(workers=1, isolation="degraded", without=["landlock", "private_root", "no_open"])
    assert "degraded isolation" in caplog.text
    with judge:
        verdict = run("print(1)", [{"stdin": "", "stdout": "1"}], judge=judge)
    assert verdict.score == 1.0
    assert verdict.isolation["level"] == "degraded"
    assert "landlock" in verdict.isolation["missing"]


def test_none_keeps_the_limits(run):
    with CodeJudge(workers=1, isolation="none") as judge:
        assert run("print(1)", [{"stdin": "", "stdout": "1"}], judge=judge).isolation["level"] == "none"
        assert (
            run("while True: pass", [{"stdin": "", "stdout": "1"}], judge=judge, limits={"wall_s": 0.3}).reason
            == "timeout"
        )
        assert run("'a' * (1 << 31)", [{"stdin": "", "stdout": "1"}], judge=judge).reason == "memory_limit"


def test_the_probe_finds_what_is_open():
    closed = CodeJudge.probe()
    assert closed.level == "strict"
    assert closed.escapes == ()
    ajar = CodeJudge.probe(without=["landlock", "private_root", "no_open"])
    assert ajar.level == "degraded"
    assert "read" in ajar.escapes
    assert "process" not in ajar.escapes


@pytest.mark.parametrize(
    ("layers", "escapes", "level"),
    [
        (["seccomp", "landlock"], [], "strict"),
        (["seccomp", "no_open"], [], "strict"),
        (["seccomp", "namespaces"], [], "degraded"),  # namespaces alone hide no files
        (["seccomp", "landlock"], ["socket"], "degraded"),  # what a trial child could do counts for more
        (["landlock", "namespaces", "private_root"], [], "none"),
    ],
)
def test_levels(layers, escapes, level):
    assert IsolationReport.of(layers, {}, escapes).level == level
