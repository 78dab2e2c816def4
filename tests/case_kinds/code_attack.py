"""The process that judges one hostile program, for `code_hostile`: a task on standard input, a report on output.

It judges the program, then an honest one on the same worker, and tells what it saw.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from jurybox.judges.code import CodeJudge
from jurybox.judges.code.outside.pool import Pool

HONEST = {
    "python": "print(int(input()) + 1)",
    "cpp": '#include <cstdio>\nint main() { int x; scanf("%d", &x); printf("%d\\n", x + 1); }',
    "javascript": "console.log(Number(require('fs').readFileSync(0)) + 1)",
    "bash": "read x; echo $((x + 1))",
    "sql": "SELECT 5",
}
PLUS_ONE = [{"stdin": "4", "stdout": "5"}]
HONEST_TESTS = {"sql": [{"rows": [[5]]}]}


def descendants(root: int) -> int:
    """How many processes descend from one."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, frontier = 0, {root}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found += len(frontier)
    return found


def settled(pool: Pool) -> int:
    """How many processes this one has when its server has the next child ready: the server's, and no program's.

    The spare is forked while nobody waits for it, so on a busy machine it may come late; a program's process that
    was left behind would stay however long one waits.
    """
    (server,) = pool._servers
    server.ask()
    deadline = time.monotonic() + 20
    while server._spare is None and time.monotonic() < deadline:
        server.receive()
        time.sleep(0.01)
    return descendants(os.getpid())


def report(task: dict[str, Any]) -> dict[str, Any]:
    """Judge, and say what came of it."""
    language = task["options"].get("language", "python")
    with CodeJudge(workers=1, **task["options"]) as judge:
        pool = judge._pool.of(language)
        (server,) = pool._servers
        before = settled(pool)
        start = time.perf_counter()
        verdict = judge.verdict(task["completion"], tests=task["tests"])
        seconds = time.perf_counter() - start
        after = settled(pool)
        honest = judge.verdict(f"```{language}\n{HONEST[language]}\n```", tests=HONEST_TESTS.get(language, PLUS_ONE))
        return {
            "reason": verdict.reason,
            "score": verdict.score,
            "tests": [result.label for result in verdict.tests],
            "seconds": seconds,
            "rss_mb": verdict.usage.rss_mb,
            "benign": honest.score,
            "same_server": pool._servers == {server},
            "processes_before": before,
            "processes_after": after,
            "level": verdict.isolation.get("level"),
        }


if __name__ == "__main__":
    print(json.dumps(report(json.load(sys.stdin))))
