from __future__ import annotations

from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge, Limits


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
