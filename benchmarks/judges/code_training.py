"""GRPO with the code judge inside a composed reward, on small functions, from nothing to a better pass rate.

    python -m jurybox.benchmarks.judges.code_training [--steps N] [--seed N] [--pytest] [--json FILE]

A half-million-parameter policy is warm-started on demonstrations that often forget parentheses, then trained on
programs that run: prints the share of held-out functions that pass all their tests, before and after. With `--pytest`
the tests are files of pytest, as in KodCode, else calls.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from jurybox.benchmarks.playground import HeldOut, Plan, WarmStart, draw_rows, train, warm_started
from jurybox.benchmarks.playground.tasks.expressions import Expressions
from jurybox.benchmarks.playground.tasks.problems import Row
from jurybox.benchmarks.timing import save
from jurybox.judges import TooLong
from jurybox.judges.code import CodeJudge, Limits

TRAINING_ROWS, HELD_OUT_ROWS = 600, 128
LONGEST = 32  # characters


class Improvement(NamedTuple):
    """Share of held-out functions that pass all their tests, and the mean composed reward."""

    passed_before: float
    passed_after: float
    reward_before: float
    reward_after: float


def as_pytest(row: Row) -> Row:
    """The row with its calls as a file of pytest."""
    suite = json.loads(str(row["tests"]))
    calls = [(tuple(test["args"]), test["expected"]) for test in suite["tests"]]
    name = suite["entry"]
    source = (
        f"import pytest\nfrom solution import {name}\n\n\n@pytest.mark.parametrize(('args', 'expected'), {calls!r})\n"
        f"def test_{name}(args, expected):\n    assert {name}(*args) == expected\n"
    )
    return {**row, "tests": source}


def improvement(*, seed: int = 0, steps: int = 30, warm_steps: int = 250, pytest: bool = False) -> Improvement:
    """Warm-start, measure, train, measure again."""
    task = Expressions()
    policy, tokenizer = warm_started(WarmStart(tasks=(task,), seed=seed, steps=warm_steps))
    rows = draw_rows(task, TRAINING_ROWS, seed=seed)
    unseen = draw_rows(task, HELD_OUT_ROWS, seed=seed, split="held-out")
    if pytest:
        rows, unseen = list(map(as_pytest, rows)), list(map(as_pytest, unseen))
    with CodeJudge(limits=Limits(wall_s=2), reward="all", allow_bare=True) as code:
        reward = code.named("passes") - 0.1 * TooLong(LONGEST, unit="characters").named("too long")
        measured = HeldOut(unseen, reward, task.new_tokens, seed=seed)
        before = measured.measure(policy, tokenizer)
        train(policy, tokenizer, reward, rows, Plan(steps=steps, new_tokens=task.new_tokens, seed=seed))
        after = measured.measure(policy, tokenizer, step=steps)
    return Improvement(before.parts["passes"], after.parts["passes"], before.reward, after.reward)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30, help="GRPO steps (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default %(default)s)")
    parser.add_argument("--pytest", action="store_true", help="tests as files of pytest")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the numbers")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)  # small matrices: more threads only wait for each other
    result = improvement(seed=options.seed, steps=options.steps, pytest=options.pytest)
    print(
        f"pass rate {result.passed_before:.2f} -> {result.passed_after:.2f} "
        f"in {options.steps} steps, seed {options.seed}"
    )
    print(f"reward    {result.reward_before:.2f} -> {result.reward_after:.2f}")
    save(options.json, result._asdict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
