"""The pool among processes: killed helpers, killed callers, forks, spawns, scripts."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jurybox.judges import DeadlineExceeded, WorkerPool
from tests import judged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc"),
]
ROOT = Path(__file__).parent.parent.parent


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0] != "Z"
    except OSError:
        return False


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def soon(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def exercise() -> tuple[float, bool]:
    """A root, and whether a hung task is stopped; in whatever process this is called."""
    with WorkerPool(1) as pool:
        root = pool.submit(math.sqrt, 16, timeout=20).result()
        late = pool.submit(judged.nap, 60, timeout=0.2).exception()
        return root, isinstance(late, DeadlineExceeded)


def put_exercise(results) -> None:
    results.put(exercise())


def use_shared(pool: WorkerPool, results) -> None:
    results.put((pool.submit(math.sqrt, 25, timeout=20).result(), pool.submit(os.getpid).result()))


def run_script(program: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_a_killed_zygote_is_replaced():
    with WorkerPool(2) as pool:
        worker = pool.submit(os.getpid).result()
        zygote = parent_of(worker)
        hung = pool.submit(judged.nap, 60)
        time.sleep(0.1)
        os.kill(zygote, signal.SIGKILL)
        assert "WorkerDied" in repr(hung.exception(timeout=10))
        assert [pool.submit(math.sqrt, n).result(timeout=20) for n in (1, 4, 9)] == [1.0, 2.0, 3.0]
        assert soon(lambda: not alive(worker))


def test_a_worker_killed_from_outside_is_replaced():
    with WorkerPool(1) as pool:
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        assert soon(lambda: pool.submit(math.sqrt, 4).exception(timeout=10) is None)
        assert pool.submit(math.sqrt, 4).result(timeout=10) == 2.0


def test_a_killed_caller_leaves_no_process():
    program = (
        "import os, sys, time; from jurybox.judges import WorkerPool; from tests import judged\n"
        "pool = WorkerPool(2); pid = pool.submit(os.getpid).result(); pool.submit(judged.nap, 600)\n"
        "print(pid, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    caller = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert caller.stdout is not None
    worker = int(caller.stdout.readline())
    zygote = parent_of(worker)
    assert alive(worker)
    caller.kill()
    caller.wait()
    caller.stdout.close()
    assert soon(lambda: not alive(worker) and not alive(zygote))


def test_a_program_ends_although_a_task_hangs():
    finished = run_script(
        "import time; from jurybox.judges import WorkerPool; from tests import judged\n"
        "pool = WorkerPool(1); pool.submit(judged.nap, 600); time.sleep(0.3); print('end')"
    )
    assert (finished.stdout, finished.returncode) == ("end\n", 0)


def test_a_script_or_notebook_is_told_to_move_its_function():
    finished = run_script("from jurybox.judges import judge\n@judge(timeout=1.0)\ndef mine(completion): return True\n")
    assert "ValueError: 'mine' cannot be found by a worker process: move it to the top level of a module" in (
        finished.stderr
    )


def test_interrupting_the_caller_spares_the_workers():
    """Ctrl-C goes to the whole foreground group; the workers are in a session of their own."""
    with WorkerPool(1) as pool:
        worker = pool.submit(os.getpid).result()
        assert os.getsid(worker) != os.getsid(0)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_in_a_forked_child():
    context = multiprocessing.get_context("fork")
    with WorkerPool(1) as pool:
        own = pool.submit(os.getpid).result()
        results = context.SimpleQueue()
        child = context.Process(target=use_shared, args=(pool, results))
        child.start()
        root, worker = results.get()
        child.join(timeout=20)
        assert child.exitcode == 0
        assert root == 5.0
        assert worker != own  # the child has workers of its own
        assert pool.submit(os.getpid).result() == own  # and leaves ours alone
        assert soon(lambda: not alive(worker))


def test_in_a_spawned_process():
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=put_exercise, args=(results,))
    child.start()
    assert results.get() == (4.0, True)
    child.join(timeout=20)
    assert child.exitcode == 0


def test_a_folder_with_modules_named_like_the_standard_librarys(tmp_path):
    """Neither this project's `judges/json` nor a user's `random.py` may replace what the worker program imports."""
    (tmp_path / "struct.py").write_text("raise ImportError('shadowed')")
    program = (
        "import os, math; from jurybox.judges import WorkerPool; print(WorkerPool(1).submit(math.sqrt, 4).result())"
    )
    finished = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.stdout == "2.0\n", finished.stderr
