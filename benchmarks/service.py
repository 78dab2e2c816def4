"""What a reward costs as a service: rows a second against asking it here, and memory over many verdicts.

    python -m jurybox.benchmarks.service

*Throughput*: the same rows by `MathJudge` in this process and by `Remote` from a service with one worker and with two,
in turn. *Memory*: of all processes of a service that gives so many verdicts, after a tenth of them and at the end.
Services are started as users start them, with `jurybox serve`.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from ..judges import MathJudge
from ..rewards import Remote, as_reward
from . import timing

ROWS = 4096  # of a comparison
BATCH = 2000  # rows that are asked about at once in the table of memory
VERDICTS = 1_000_000
MIB = 1 << 20


@contextlib.contextmanager
def service(*arguments: str) -> Iterator[tuple[Remote, psutil.Process]]:
    """A service on a free port, and its process."""
    command = [sys.executable, "-m", "jurybox.cli", "serve", *arguments, "--port", "0"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    try:
        address = program.stdout.readline().split()[1]
        remote = Remote(address, batch=256)
        yield remote, psutil.Process(program.pid)
        remote.close()
    finally:
        program.terminate()
        program.wait(timeout=60)


def memory(process: psutil.Process) -> float:
    """MiB that a process and all below it do not share with others."""
    return sum(each.memory_full_info().uss for each in (process, *process.children(recursive=True))) / MIB


def rows(count: int, start: int = 0) -> dict[str, Any]:
    """Sums, half of them right, no two answers alike."""
    numbers = range(start, start + count)
    return {
        "completions": [f"Adding them gives \\boxed{{{n + n % 2}}}." for n in numbers],
        "prompts": [f"What is {n} + 0?" for n in numbers],
        "solution": [str(n) for n in numbers],
    }


def throughput(workers: int, repeats: int) -> timing.Ratio:
    """How many times as fast the service is as this process."""
    local = as_reward(MathJudge())
    with service("--judge", "math", "--gold", "solution", "--workers", str(workers)) as (remote, _):
        told = iter(range(0, 1 << 40, ROWS))  # never the same rows: judges remember
        return timing.compare(
            lambda: remote(**rows(ROWS, next(told))), lambda: local(**rows(ROWS, next(told))), repeats=repeats
        )


def memory_over(verdicts: int) -> dict[str, float]:
    """MiB of a service after a tenth of so many verdicts, and at the end."""
    arguments = ("--judge", "exact", "--gold", "solution", "--workers", "1")
    found: dict[str, float] = {}
    with service(*arguments) as (remote, process):
        for start in range(0, verdicts, BATCH):
            scores = remote(**rows(BATCH, start))
            assert None not in scores
            if start + BATCH == verdicts // 10:
                found["MiB after a tenth"] = memory(process)
        found["MiB at the end"] = memory(process)
    return {"verdicts": verdicts, **found}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="alternated repetitions (default %(default)s)")
    parser.add_argument("--verdicts", type=int, default=VERDICTS, help="for the memory (default %(default)s)")
    options = parser.parse_args(argv)
    print(f"{ROWS} rows by MathJudge: a service against this process")
    for workers in (1, 2):
        ratio = throughput(workers, options.repeats)
        speed = ROWS / ratio.to_dict()["ours_s"]
        print(f"  {workers} worker{'s' if workers > 1 else ''}: {ratio}, {speed:.0f} rows/s")
    found = memory_over(options.verdicts)
    print("memory: " + ", ".join(f"{value:.0f} {name}" for name, value in found.items()))


if __name__ == "__main__":
    main()
