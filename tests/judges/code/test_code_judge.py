from __future__ import annotations

import asyncio
import json
import pickle

import pytest

from jurybox.judges import judge as as_judge
from jurybox.judges.code import CodeJudge, CodeVerdict, Compare, Limits, TestResult
from jurybox.rewards import Reward

BUMP = "print(int(input()) + 1)"
COMPLETION = f"```python\n{BUMP}\n```"
RIGHT = [{"stdin": "1", "stdout": "2"}]
MIXED = [{"stdin": str(n), "stdout": str(n + (n != 2) + 0)} for n in range(4)]


def test_a_right_program(run):
    verdict = run(BUMP, RIGHT)
    assert (verdict.score, verdict.reason, verdict.passed) == (1.0, "passed", True)
    assert verdict.evidence["span"] == [10, 10 + len(BUMP) + 1]
    assert verdict.isolation["level"] == "strict"
    assert verdict.usage.processes == 1
    assert 0 < verdict.usage.cpu_s < 1
    assert 1 < verdict.usage.rss_mb < 100
    (test,) = verdict.tests
    assert isinstance(test, TestResult)
    assert test.passed
    assert test.cpu_s is not None


def test_the_share_of_tests_and_the_first_failure(run):
    verdict = run(BUMP, MIXED)
    assert verdict.score == 0.75
    assert verdict.reason == "wrong_answer"
    assert verdict.evidence["first_failure"] == {"test": 2, "label": "wrong_answer", "input": "2", "got": "3\n"}
    json.dumps(verdict.to_dict(), allow_nan=False)
    assert isinstance(pickle.loads(pickle.dumps(verdict)), CodeVerdict)


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("print(3)", "wrong_answer"),
        ("1 / 0", "runtime_error"),
        ("import os; os._exit(3)", "runtime_error"),
        ("import os; os.abort()", "runtime_error"),
        ("print(", "compile_error"),
        ("x = '\\0'; exec('\\0')", "runtime_error"),
        ("x = 'a' * (1 << 30)", "memory_limit"),
        ("print('x' * 100_000)", "output_limit"),
        ("while True: pass", "timeout"),
    ],
)
def test_labels(run, code, label):
    verdict = run(code, RIGHT, limits={"output_kb": 64, "wall_s": 0.5})
    assert (verdict.score, verdict.reason) == (0.0, label)


def test_labels_of_calls(labels):
    assert labels("x = 1", [{"args": [], "expected": 1}], "f") == ["missing_entry"]
    assert labels("f = 1", [{"args": [], "expected": 1}], "f") == ["missing_entry"]
    assert labels("def f(): return 'x' * 100_000", [{"args": [], "expected": 1}], "f", limits={"reply_kb": 10}) == [
        "bad_reply"
    ]


def test_no_code():
    with CodeJudge(workers=1) as judge:
        verdict = judge.verdict("I cannot do that.", tests=RIGHT)
        assert (verdict.score, verdict.reason) == (0.0, "no_code")


def test_a_signal_is_named_and_stderr_is_kept(run):
    verdict = run("import os, sys\nprint('help!', file=sys.stderr, flush=True)\nos.abort()", RIGHT)
    assert verdict.evidence["first_failure"]["detail"] == "killed by SIGABRT"
    assert "help!" in run("raise ValueError('help!')", RIGHT).evidence["stderr"]


def test_expected_values_are_shown_only_on_demand(run):
    with CodeJudge(workers=1, reveal_expected=True) as open_judge:
        for tests, entry in (
            ([{"stdin": "", "stdout": "secret-42"}], None),
            ([{"args": [], "expected": "secret-42"}], "f"),
            (["assert f() != 0, 'secret-42'"], None),
        ):
            code = "def f(): return 0"
            assert "secret-42" not in json.dumps(run(code, tests, entry).to_dict())
            assert "secret-42" in json.dumps(run(code, tests, entry, judge=open_judge).to_dict())


def test_batches_keep_their_order_and_equal_programs_run_once(judge):
    programs = [f"```python\nprint({n % 3})\n```" for n in range(9)]
    verdicts = judge.verdicts(programs, tests=[[{"stdin": "", "stdout": "1"}]] * 9)
    assert [verdict.score for verdict in verdicts] == [float(n % 3 == 1) for n in range(9)]
    assert verdicts[0] is verdicts[3] is verdicts[6]
    again = judge.verdicts(["so:\n" + programs[0], programs[0]], tests=[[{"stdin": "", "stdout": "1"}]] * 2)
    assert again[0].evidence["usage"] == again[1].evidence["usage"]  # another text, the same program
    assert again[0].evidence["span"] == [14, 23]
    assert again[1].evidence["span"] == [10, 19]


def test_the_same_batch_twice_gives_the_same_verdicts(judge):
    code = "import random, uuid\nprint(random.random(), hash('a'))"
    tests = [[{"stdin": "", "stdout": "0"}]]
    first, second = (judge.verdicts([f"```py\n{code}\n```"], tests=tests)[0] for _ in range(2))
    assert first.evidence["first_failure"] == second.evidence["first_failure"]


def test_the_trainer_protocol(judge):
    logged = {}
    scores = judge(
        prompts=["p", "p"], completions=[COMPLETION, [{"role": "assistant", "content": "no"}]],
        completion_ids=[[1], [2]],
        tests=[RIGHT, RIGHT], task=["a", "b"], log_metric=lambda name, value: logged.update({name: value}),
    )  # fmt: skip
    assert scores == [1.0, 0.0]
    assert judge.__name__ == "code"
    assert logged["code/passed"] == 0.5


def test_inside_a_composed_reward(judge):
    short = as_judge(lambda text: len(text) < 100, name="short")
    reward = judge + 0.5 * short
    assert isinstance(reward, Reward)
    assert reward(completions=[COMPLETION, "no"], tests=[RIGHT, RIGHT]) == [1.5, 0.5]
    assert (judge & short)(completions=[COMPLETION], tests=[RIGHT]) == [1.0]


def test_the_coroutine(judge):
    async def both():
        return await asyncio.gather(judge.averdict(COMPLETION, tests=RIGHT), judge.averdict("none", tests=RIGHT))

    right, none = asyncio.run(both())
    assert right.score == 1.0
    assert none.reason == "no_code"


def test_all_or_nothing_stops_at_the_first_failure(run):
    with CodeJudge(workers=1, reward="all") as strict:
        verdict = run(BUMP, MIXED, judge=strict)
        assert verdict.score == 0.0
        assert [test.label for test in verdict.tests] == ["passed", "passed", "wrong_answer", "not_run"]
        assert run(BUMP, RIGHT, judge=strict).score == 1.0
        calls = [{"args": [n], "expected": n} for n in (1, 0, 3)]
        assert [t.label for t in run("def f(x): return x or 5", calls, "f", judge=strict).tests][1:] == [
            "wrong_answer",
            "not_run",
        ]


def test_what_one_test_leaves_behind_does_not_spoil_the_next(run, labels):
    code = "import builtins\nn = input()\nprint(getattr(builtins, 'left', 0))\nbuiltins.left = n"
    tests = [{"stdin": n, "stdout": "0"} for n in "123"]
    assert labels(code, tests) == ["passed"] * 3  # failures are confirmed in a fresh process
    with CodeJudge(workers=1, reuse="test") as fresh:
        verdict = run(code, tests, judge=fresh)
        assert verdict.score == 1.0
        assert verdict.usage.processes == 3
        assert (
            run("def f(x): return x", [{"args": [n], "expected": n} for n in (1, 2)], "f", judge=fresh).usage.processes
            == 2
        )


def test_a_subset_is_chosen_by_the_seed(run):
    tests = [{"stdin": str(n), "stdout": str(n + (n % 2))} for n in range(20)]
    seen = set()
    for seed in range(4):
        with CodeJudge(workers=1, max_tests=5, seed=seed) as judge:
            first, second = (run(BUMP, tests, judge=judge) for _ in range(2))
        assert len(first.tests) == 5
        assert first.score == second.score
        seen.add(first.score)
    assert len(seen) > 1


def test_checkers(run):
    accept_any_even = lambda stdin, output: int(output) % 2 == 0  # noqa: E731
    assert run(BUMP, [{"stdin": "1", "checker": accept_any_even}]).score == 1.0
    assert run(BUMP, [{"stdin": "1", "checker": lambda stdin, output: 0.25}]).score == 0.25
    assert run("print('x')", [{"stdin": "1", "checker": accept_any_even}]).score == 0.0  # it raises
    call = {"args": [3], "checker": lambda args, kwargs, value: value == args[0]}
    assert run("def f(x): return x", [call], "f").score == 1.0


def test_hanging_calls_are_restarted_three_times(labels):
    code = "def f(x):\n    while x % 2: pass\n    return x"
    tests = [{"args": [n], "expected": n} for n in range(10)]
    found = labels(code, tests, "f", limits={"wall_s": 0.2})
    assert found == ["passed", "timeout"] * 4 + ["not_run"] * 2


def test_the_time_for_all_tests_is_bounded(run):
    tests = [{"stdin": str(n), "stdout": ""} for n in range(5)]
    verdict = run("import time; time.sleep(0.4)", tests, limits={"wall_s": 1, "total_s": 1})
    assert verdict.tests[0].label == "passed"
    assert verdict.tests[-1].label == "not_run"
    assert verdict.seconds < 2


def test_large_arguments_and_replies_in_both_directions_do_not_lock(run):
    tests = [{"args": ["x" * 500_000], "expected": "x" * 500_000} for _ in range(6)]
    assert run("def f(x): return x", tests, "f").score == 1.0


def test_comparison_and_limits_of_a_row(run):
    assert run("print(1.05)", [{"stdin": "", "stdout": "1.0"}]).score == 0.0
    assert run("print(1.05)", [{"stdin": "", "stdout": "1.0"}], compare={"float_tol": 0.1}).score == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": "best"}, "reward must be one of"),
        ({"reuse": "all"}, "reuse must be one of"),
        ({"isolation": "some"}, "isolation must be one of"),
        ({"on_infra_error": "retry"}, "on_infra_error must be one of"),
        ({"workers": 0}, "workers is at least 1"),
        ({"without": ["walls"]}, "without lists layers"),
        ({"without": "seccomp"}, "without lists layers"),
        ({"preload": "numpy"}, "preload is a list"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        CodeJudge(**options)


def test_wrong_rows_are_named(judge):
    with pytest.raises(ValueError, match="row 1: unknown layout"):
        judge.verdicts([COMPLETION] * 2, tests=[RIGHT, {}])
    with pytest.raises(ValueError, match="unknown limit 'speed'"):
        judge.verdict(COMPLETION, tests={"tests": RIGHT, "limits": {"speed": 1}})
    with pytest.raises((KeyError, ValueError), match="tests"):
        judge.verdict(COMPLETION)
    with pytest.raises(ValueError, match="wall_s is a positive number"):
        Limits(wall_s=0)


def test_it_prints_as_written_and_travels():
    with CodeJudge(workers=1, compare=Compare(mode="tokens")) as judge:
        assert repr(judge).startswith("CodeJudge(workers=1, compare=Compare(mode='tokens'")
        with pickle.loads(pickle.dumps(judge)) as copy:
            assert copy == judge
            assert copy.verdict(COMPLETION, tests=RIGHT).score == 1.0


def test_a_closed_judge_starts_again():
    judge = CodeJudge(workers=1)
    judge.close()
    assert judge.verdict(COMPLETION, tests=RIGHT).score == 1.0
    judge.close()


def test_modules_beyond_the_standard_library_only_on_demand(run):
    pytest.importorskip("numpy")
    code = "import numpy\ndef f(n): return numpy.arange(n) * numpy.float64(2)"
    tests = [{"args": [3], "expected": [0, 2, 4]}]
    assert run(code, tests, "f").reason == "runtime_error"
    with CodeJudge(workers=1, preload=["numpy"]) as judge:
        assert run(code, tests, "f", judge=judge).score == 1.0
    with pytest.raises(Exception, match="no_such_module"):
        CodeJudge(workers=1, preload=["no_such_module"])
