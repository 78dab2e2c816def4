"""The code judge against plain runners, on the same programs, in one run.

    python -m jurybox.benchmarks.judges.code [--repeats N] [--json FILE] [--programs N] [--large-gb GB]

Each line is a ratio of times, the two sides taken in turn, one program at a time on both: above 1, the judge is
faster. The peers (`code_peers.py`) isolate nothing. The last lines compare the judge with itself: all layers on
against all off, and a small caller against one that holds some gigabytes, as a trainer does.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jurybox.benchmarks.judges.code_peers import fork_per_program, fork_with_mocks, interpreter_per_test
from jurybox.benchmarks.timing import Ratio, compare, save, seconds
from jurybox.judges.code import CodeJudge

SIZES = (1, 10, 100)
FRESH_SIZES = (1, 10)  # a hundred interpreters a program say nothing new
TARGETS = {
    "mocks, 1 test": 7, "mocks, 10 tests": 8, "mocks, 100 tests": 10, "asserts, 1 test": 2, "asserts, 10 tests": 2,
    "layers off, 1 test": 0.8, "large caller, 1 test": 0.9, "large caller, 10 tests": 0.9,
}  # fmt: skip
PAGE = 4096
_fresh = itertools.count()  # makes each program new, so that no side can remember an answer


def stdio_programs(count: int) -> list[str]:
    return [f"n = int(input())\nprint(n + 1)  # {next(_fresh)}" for _ in range(count)]


def assert_programs(count: int) -> list[str]:
    return [f"def bump(n):\n    return n + 1  # {next(_fresh)}" for _ in range(count)]


def cases(size: int) -> list[tuple[str, str]]:
    return [(f"{n}\n", f"{n + 1}\n") for n in range(size)]


def asserts(size: int) -> list[str]:
    return [f"assert bump({n}) == {n + 1}" for n in range(size)]


def judged(judge: CodeJudge, programs: Sequence[str], tests: Any) -> None:
    """Judge programs that all pass; a result that is not right would make every time worthless."""
    verdicts = judge.verdicts([f"```python\n{program}\n```" for program in programs], tests=[tests] * len(programs))
    wrong = [verdict for verdict in verdicts if not verdict.passed]
    if wrong:
        raise RuntimeError(f"a right program did not pass: {wrong[0]!r}")


def stdio(judge: CodeJudge, size: int, count: int) -> Callable[[], None]:
    tests = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in cases(size)]
    return lambda: judged(judge, stdio_programs(count), tests)


def peer(
    run: Callable[[str, Any], bool], make: Callable[[int], list[str]], tests: Any, count: int
) -> Callable[[], None]:
    def work() -> None:
        if not all(run(program, tests) for program in make(count)):
            raise RuntimeError(f"{run.__name__} refused a right program")

    return work


def named(what: str, size: int) -> str:
    return f"{what}, {size} test{'s' if size > 1 else ''}"


def peers(judge: CodeJudge, count: int, repeats: int) -> dict[str, Ratio]:
    """The judge against the plain runners."""
    ratios = {}
    for size in SIZES:
        theirs = peer(fork_with_mocks, stdio_programs, cases(size), count)
        ratios[named("mocks", size)] = compare(stdio(judge, size, count), theirs, repeats)
    for size in SIZES:
        ours = lambda size=size: judged(judge, assert_programs(count), asserts(size))  # noqa: E731
        theirs = peer(fork_per_program, assert_programs, asserts(size), count)
        ratios[named("asserts", size)] = compare(ours, theirs, repeats)
    for size in FRESH_SIZES:
        theirs = peer(interpreter_per_test, stdio_programs, cases(size), max(2, count // 5))
        ratios[named("interpreters", size)] = compare(stdio(judge, size, max(2, count // 5)), theirs, repeats)
    return ratios


def layers(count: int, repeats: int) -> dict[str, Ratio]:
    """All layers on against all off: below 1, what isolation costs."""
    with CodeJudge(workers=1) as on, CodeJudge(workers=1, isolation="none") as off:
        return {
            named("layers off", size): compare(stdio(on, size, count), stdio(off, size, count), repeats)
            for size in SIZES
        }


class Caller:
    """A process that holds some gigabytes of small pages and times batches on request."""

    def __init__(self, gigabytes: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--hold", str(gigabytes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def seconds(self, runner: str, size: int, count: int) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([runner, size, count]), file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def hold(gigabytes: float) -> None:
    """Be a caller: fill memory page by page, then time what standard input asks for."""
    ballast = bytearray(int(gigabytes * (1 << 30)))
    ballast[::PAGE] = b"\x01" * len(range(0, len(ballast), PAGE))
    with CodeJudge(workers=1) as judge:
        for line in sys.stdin:
            runner, size, count = json.loads(line)
            ours = stdio(judge, size, count)
            print(
                seconds(ours if runner == "judge" else peer(fork_with_mocks, stdio_programs, cases(size), count)),
                flush=True,
            )


def callers(gigabytes: float, count: int, repeats: int) -> dict[str, Ratio]:
    """A small caller's time over a large one's (1: no difference), and the large caller against a plain runner."""
    small, large = Caller(0), Caller(gigabytes)
    ratios = {}
    try:
        for size in SIZES[:2]:
            for caller in (small, large):
                caller.seconds("judge", size, count)
            pairs = [(large.seconds("judge", size, count), small.seconds("judge", size, count)) for _ in range(repeats)]
            ratios[named("large caller", size)] = Ratio(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
            few = max(2, count // 10)
            pairs = [(large.seconds("judge", size, few), large.seconds("mocks", size, few)) for _ in range(repeats)]
            ratios[named("mocks from the large caller", size)] = Ratio(*zip(*pairs, strict=True))
    finally:
        small.close()
        large.close()
    return ratios


def shown(name: str, ratio: Ratio) -> str:
    target = TARGETS.get(name)
    return f"{name:36} {ratio!s:38}" + (
        f" target {target}x{'' if ratio.median >= target else '  MISSED'}" if target else ""
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="alternated repetitions (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the numbers")
    parser.add_argument("--programs", type=int, default=20, help="programs a repetition (default %(default)s)")
    parser.add_argument("--large-gb", type=float, default=3.0, help="memory of the large caller (default %(default)s)")
    parser.add_argument("--hold", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.hold is not None:
        hold(options.hold)
        return 0
    with CodeJudge(workers=1) as judge:
        ratios = peers(judge, options.programs, options.repeats)
    ratios |= layers(options.programs, options.repeats)
    ratios |= callers(options.large_gb, options.programs, options.repeats)
    for name, ratio in ratios.items():
        print(shown(name, ratio))
    save(options.json, {name: ratio.to_dict() for name, ratio in ratios.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
