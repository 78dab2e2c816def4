"""Time that does not depend on the load of the machine: all that passes but what a process waited for a core.

A program that runs, sleeps, blocks or stops itself spends time of its own. One that is ready to run while others have
the cores spends none, by the kernel's count for each thread. What a thread waited for other threads of the same
process, which ran then, is the program's own doing. A wall clock remains as a cap, several times larger: a turn that
ends there and has not had its time was starved, which no program can bring about, whatever it does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from time import monotonic

CPUCLOCK_SCHED = 2  # of the kernel: the exact clock of a whole process
SHORT = 0.002  # seconds of a turn in which nobody waits for long
SOONEST = 0.005  # seconds until a process that lacks a little is looked at again
MOST_THREADS = 256  # that are looked at
ALONE = 3  # links of the folder of a process's threads when there is one


class Turn:
    """The time that a program has for one test.

    Args:
        own_s: time of its own.
        cap_s: wall-clock time.
        waited: how long, in all, the program has waited for a core until now.
        waited_before: the same when the turn begins, or when it was last looked at: in short turns it is not.
    """

    def __init__(self, own_s: float, cap_s: float, waited: Callable[[], float], waited_before: float = 0.0) -> None:
        self.began = monotonic()
        self.own_s = own_s
        self.cap = self.began + cap_s
        self.starved = False
        self.look = self.began + min(own_s, cap_s)  # before then it cannot be over
        self._waited = waited
        self._waited_before = waited_before

    def own(self) -> float:
        """The time of its own that has passed; short turns are not looked into."""
        wall = monotonic() - self.began
        return wall if wall < SHORT else wall - max(0.0, self._waited() - self._waited_before)

    def over(self) -> bool:
        """Whether the time is up; if not, `look` says when to ask again."""
        left = self.own_s - self.own()
        now = monotonic()
        self.starved = left > 0 and now >= self.cap
        self.look = min(now + max(left, SOONEST), self.cap)
        return left <= 0 or self.starved


class CoreWait:
    """How long a process has waited for a core, from here on.

    Where the kernel does not tell, it never waits.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._stat = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC) if pid else -1
        except OSError:
            self._stat = -1
        self._before = _queued(self._stat, self.pid)

    def seconds(self) -> float:
        """By the thread that waited most: often the first only waits for one that does the work."""
        if self._stat < 0:
            return 0.0
        first = _queued(self._stat, self.pid) - self._before
        return max(0.0, first, *map(self._of_thread, self._other_threads()))

    def _other_threads(self) -> list[str]:
        folder = f"/proc/{self.pid}/task"
        try:
            threads = os.listdir(folder) if os.stat(folder).st_nlink > ALONE else []
        except OSError:
            return []
        return [thread for thread in threads[:MOST_THREADS] if thread != str(self.pid)]

    def _of_thread(self, thread: str) -> float:
        try:
            stat = os.open(f"/proc/{self.pid}/task/{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return 0.0
        try:
            return _queued(stat, self.pid)
        finally:
            os.close(stat)

    def close(self) -> None:
        """Give back the descriptor."""
        if self._stat >= 0:
            os.close(self._stat)
            self._stat = -1


def _queued(stat: int, pid: int) -> float:
    """How long a thread was ready without running, less what all other threads of its process ran."""
    try:
        ran, queued, *_ = os.pread(stat, 100, 0).split()
    except (OSError, ValueError):
        return 0.0
    return int(queued) / 1e9 - max(0.0, _cpu_seconds(pid) - int(ran) / 1e9)


def _cpu_seconds(pid: int) -> float:
    """Processor time of all threads of a process, which has a clock of its own: its number is made of the process's."""
    try:
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    except OSError:
        return 0.0
