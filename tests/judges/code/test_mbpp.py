"""All reference solutions of MBPP, judged on their tests, against what plain Python says of them."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge

DATA = os.environ.get("JURYBOX_DATA")
PLAIN_SECONDS = 10
PLAIN = """
import json, os, signal, sys
accepted = []
for place, (program, tests) in enumerate(json.load(sys.stdin)):
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.alarm(%d)
        names = {}
        exec(program, names)
        for test in tests:
            exec(test, names)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        accepted.append(place)
print(json.dumps(accepted))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA or not Path(DATA, "mbpp.jsonl").exists(), reason="JURYBOX_DATA does not hold mbpp.jsonl"
    ),
]


@pytest.fixture(scope="module")
def rows():
    with Path(str(DATA), "mbpp.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def judge():
    with CodeJudge(reward="all") as judge:
        yield judge


def accepted_by_plain_python(programs):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLAIN % PLAIN_SECONDS],
        input=json.dumps(programs), capture_output=True, text=True, check=True,
        preexec_fn=lambda: signal.signal(signal.SIGALRM, signal.SIG_DFL),
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def judged(judge, rows, programs):
    tests = [{key: row[key] for key in ("test_list", "test_setup_code")} for row in rows]
    return judge.verdicts([f"```python\n{program}\n```" for program in programs], tests=tests)


def test_reference_solutions_that_plain_python_accepts_pass(judge, rows):
    programs = [row["test_setup_code"] + "\n" + row["code"] for row in rows]
    plain = accepted_by_plain_python([(p, row["test_list"]) for p, row in zip(programs, rows, strict=True)])
    verdicts = judged(judge, rows, [row["code"] for row in rows])
    refused = {
        row["task_id"]: v for i, (row, v) in enumerate(zip(rows, verdicts, strict=True)) if i in plain and not v.passed
    }
    assert not refused
    rejected = [row["task_id"] for i, row in enumerate(rows) if i not in plain]
    print(f"{len(plain)} of {len(rows)} accepted; plain Python itself rejects the tasks {rejected}")
    assert len(rejected) <= 10


def test_the_same_solutions_that_return_none_fail(judge, rows):
    verdicts = judged(judge, rows, [hollowed(row["code"]) for row in rows])
    passing = {row["task_id"]: v for row, v in zip(rows, verdicts, strict=True) if v.score != 0.0}
    assert not passing


def test_verdicts_are_the_same_beside_eight_busy_processes(judge, rows):
    some = [row for row in rows if row["task_id"] == 123 or row["task_id"] % 12 == 0]  # 123 takes a second
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
    try:
        verdicts = judged(judge, some, [row["code"] for row in some])
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert [verdict for verdict in verdicts if not verdict.passed] == []


def hollowed(program):
    """The program with the body of every top-level function, and of every method, replaced by `return None`."""
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Return(ast.Constant(None))]
    return ast.unparse(ast.fix_missing_locations(tree))
