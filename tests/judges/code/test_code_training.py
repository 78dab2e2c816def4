from __future__ import annotations

import json
import random

import pytest


@pytest.mark.slow
def test_grpo_improves_the_pass_rate_of_programs():
    torch = pytest.importorskip("torch")
    from jurybox.benchmarks.judges.code_training import improvement

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = improvement(steps=30, warm_steps=200)
    finally:
        torch.set_num_threads(threads)
    assert result.passed_after > result.passed_before + 0.05


def test_tests_as_files_of_pytest_say_the_same_of_a_program():
    pytest.importorskip("torch")
    from jurybox.benchmarks.judges.code_training import as_pytest
    from jurybox.benchmarks.playground.tasks.expressions import Expressions
    from jurybox.judges.code import CodeJudge

    rng = random.Random(0)
    task = Expressions(bare=1.0)
    rows = [task.problem(rng) for _ in range(12)]
    programs = [task.demonstrate(row, rng) for row in rows]
    with CodeJudge(workers=1, reward="all", allow_bare=True) as judge:
        calls = judge(completions=programs, tests=[row["tests"] for row in rows])
        files = judge(completions=programs, tests=[as_pytest(row)["tests"] for row in rows])
    assert files == calls
    assert {0.0, 1.0} == set(files)


def test_demonstrations_pass_unless_they_have_faults():
    pytest.importorskip("torch")
    from jurybox.benchmarks.playground.tasks.expressions import Expressions

    rng = random.Random(0)
    clean, faulty = Expressions().clean(), Expressions(bare=1.0)
    outcomes = []
    for task in (clean, faulty):
        passed = 0
        for _ in range(100):
            row = task.problem(rng)
            names: dict = {}
            exec(task.demonstrate(row, rng), names)
            cases = json.loads(row["tests"])["tests"]
            passed += all(names["f"](*case["args"]) == case["expected"] for case in cases)
        outcomes.append(passed)
    assert outcomes[0] == 100
    assert 20 < outcomes[1] < 90
