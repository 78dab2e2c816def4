from __future__ import annotations

import os

import pytest

from jurybox.judges.workers import cores

FILES = {"max": "cpu.max", "quota": "cpu/cpu.cfs_quota_us", "period": "cpu/cpu.cfs_period_us"}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """machine(affinity, files) pretends to be that machine."""

    def pretend(affinity, **files):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(affinity)), raising=False)
        monkeypatch.setattr(cores, "CGROUP", tmp_path)
        monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
        for name, text in files.items():
            path = (
                tmp_path / {"max": "cpu.max", "quota": "cpu/cpu.cfs_quota_us", "period": "cpu/cpu.cfs_period_us"}[name]
            )
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    return pretend


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"max": "max 100000\n"}, 8),
        ({"max": "250000 100000\n"}, 2),
        ({"max": "50000 100000\n"}, 1),
        ({"max": "garbage"}, 8),
        ({"quota": "-1\n", "period": "100000\n"}, 8),
        ({"quota": "300000\n", "period": "100000\n"}, 3),
    ],
)
def test_the_lesser_of_affinity_and_quota(machine, files, expected):
    machine(8, **files)
    assert cores.usable_cores() == expected


@pytest.mark.parametrize(("ranks", "expected"), [("4", 2), ("16", 1), ("0", 8), ("", 8), ("many", 8)])
def test_ranks_of_one_machine_share(machine, monkeypatch, ranks, expected):
    machine(8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", ranks)
    assert cores.usable_cores() == expected


def test_a_machine_without_affinity(machine, monkeypatch):
    machine(8)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert cores.usable_cores() == 3
