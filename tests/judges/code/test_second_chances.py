"""One program, one answer a test: what is asked again is asked of everything, or is not counted."""

from __future__ import annotations

import pytest

from jurybox.judges.code import CodeJudge

ANSWERS = ["NO", "YES", "NO", "NO", "YES", "YES", "NO", "YES", "NO", "YES"]
TESTS = [{"stdin": str(place), "stdout": answer} for place, answer in enumerate(ANSWERS)]
FRESH_AND_NOT = """
import sys
fresh = not hasattr(sys, "seen")
sys.seen = True
print({} if fresh else {})
"""
SPOILT_BY_STATE = """
import sys
sys.seen = getattr(sys, 'seen', 0) + 1
print('YES' if int(input()) in (1, 4, 5, 7, 9) else 'NO', sys.seen)
"""


@pytest.mark.parametrize("reward", ["fraction", "all"])
@pytest.mark.parametrize(("first", "later"), [("'NO'", "'YES'"), ("'YES'", "'NO'")])
def test_two_answers_are_worth_no_more_than_the_one_given_alone(run, reward, first, later):
    with CodeJudge(workers=1, reward=reward) as judge:
        found = run(FRESH_AND_NOT.format(first, later), TESTS, judge=judge)
        alone = run(f"print({first})", TESTS, judge=judge)
    assert found.score == alone.score < 1


def test_a_right_program_that_leftovers_spoil_is_asked_alone_and_passes(run):
    tests = [{"stdin": str(place), "stdout": f"{answer} 1"} for place, answer in enumerate(ANSWERS)]
    assert run(SPOILT_BY_STATE, tests).score == 1.0


def test_a_second_answer_counts_for_a_checkers_share_neither(run):
    share = [{"stdin": str(place), "checker": lambda _stdin, output: float(output)} for place in range(4)]
    with CodeJudge(workers=1) as judge:
        assert run(FRESH_AND_NOT.format("0.25", "0.125"), share, judge=judge).score == 0.25


def test_a_call_that_killed_its_process_is_not_made_again(run):
    code = "import os\nasked = []\ndef f(x):\n    asked.append(x)\n    if asked[1:]: os._exit(0)\n    return 'NO'"
    tests = [{"args": [place], "expected": answer} for place, answer in enumerate(ANSWERS)]
    assert run(code, tests, "f").score <= 0.4
