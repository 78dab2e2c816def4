"""How many worker processes this process may keep busy."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores this process may use: the lesser of its affinity mask and its cgroup's CPU quota, shared between the
    ranks of one machine (`LOCAL_WORLD_SIZE`), at least 1.

    More runnable workers than cores would turn every deadline into noise.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ranks = max(1, _integer(os.environ.get("LOCAL_WORLD_SIZE")) or 1)
    return max(1, int(min(affinity, _cgroup_quota())) // ranks)


def _cgroup_quota() -> float:
    try:
        quota, period = (CGROUP / "cpu.max").read_text().split()  # version 2
    except (OSError, ValueError):
        try:
            quota = (CGROUP / "cpu/cpu.cfs_quota_us").read_text()  # version 1: -1 means no quota
            period = (CGROUP / "cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return float("inf")
    allowed = _integer(quota)
    return allowed / int(period) if allowed and allowed > 0 else float("inf")


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None
