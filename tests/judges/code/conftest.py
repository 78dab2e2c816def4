from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge, Limits

AS_NOBODY = """
import os, sys
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(scope="session")
def judge():
    """One judge for all tests that need no options of their own."""
    with CodeJudge(workers=2, limits=Limits(wall_s=3, total_s=20, memory_mb=256), retry_starved=False) as judge:
        yield judge


@pytest.fixture
def run(judge):
    """Judge a program on tests, with rows' own settings: run(code, tests, entry=None, **settings)."""

    def run(code, tests, entry=None, judge=judge, **settings):
        layout = {"tests": tests, "entry": entry, **settings}
        return judge.verdict(f"```python\n{code}\n```", tests={k: v for k, v in layout.items() if v is not None})

    return run


@pytest.fixture
def labels(run):
    """The labels of single tests."""
    return lambda *args, **kwargs: [result.label for result in run(*args, **kwargs).tests]


@pytest.fixture
def descendants():
    """A function: these processes and all that descend from them."""
    return _descendants


def _descendants(pids):
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(status.parent.name)] = int(fields[1])
    members, frontier = set(), {pid for pid in pids if pid in parents}
    while frontier:
        members |= frontier
        frontier = {pid for pid, parent in parents.items() if parent in frontier} - members
    return members


@pytest.fixture
def unprivileged(monkeypatch):
    """A command that starts an interpreter as another user; tests are already run by one where this is not root."""
    if os.getuid() != 0:
        pytest.skip("not run by root: the other tests are the unprivileged ones")
    interpreter = os.environ.get("JURYBOX_PUBLIC_PYTHON") or shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if not interpreter:
        pytest.skip("no interpreter that every user can read: name one in JURYBOX_PUBLIC_PYTHON")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "typings"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return [sys.executable, "-c", AS_NOBODY, interpreter]
