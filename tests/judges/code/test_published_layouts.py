# ruff: noqa: E501 - rows of data
"""A row of every layout in the shape in which it is published: the right program passes, one emptied does not."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from dataclasses import dataclass
from typing import Any

import pytest

from jurybox.judges.code import CodeJudge
from jurybox.judges.code.layouts import NAMES, read_suite

PAIR = "a, b = map(int, input().split())\nprint(a + b)"
PAIR_EMPTY = "input()"
TWO_SUM = """
class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
        seen = {}
        for place, value in enumerate(nums):
            if target - value in seen:
                return [seen[target - value], place]
            seen[value] = place
"""
TWO_SUM_EMPTY = "class Solution:\n    def twoSum(self, nums, target):\n        return None"


def packed(value: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(value)))).decode()


@dataclass
class Row:
    layout: str
    tests: Any
    right: str
    empty: str


LEETCODE = Row(
    "leetcode",
    {
        "prompt": "import random\nfrom typing import *\nfrom collections import *\n\nclass ListNode:\n"
        "    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\n\n"
        "def list_node(values: list):\n    head = ListNode(0)\n    p = head\n    for value in values:\n"
        "        p.next = ListNode(value)\n        p = p.next\n    return head.next\n\n"
        "def is_same_list(p1, p2):\n    while p1 and p2:\n        if p1.val != p2.val: return False\n"
        "        p1, p2 = p1.next, p2.next\n    return p1 is None and p2 is None\n",
        "entry_point": "Solution().reverseList",
        "test": "def check(candidate):\n    assert is_same_list(candidate(head = list_node([1,2,3])), list_node([3,2,1]))\n"
        "    assert is_same_list(candidate(head = list_node([])), list_node([]))\n",
    },
    "class Solution:\n    def reverseList(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        last = None\n"
    "        while head: head.next, last, head = last, head, head.next\n        return last",
    "class Solution:\n    def reverseList(self, head): return None",
)
KODCODE = Row(
    "kodcode",
    {
        "test": "from solution import is_palindrome\n\ndef test_simple():\n    assert is_palindrome('racecar') == True\n\n"
        "def test_not():\n    assert is_palindrome('hello') == False\n\ndef test_empty():\n    assert is_palindrome('')\n",
        "test_info": [{"function_name": "is_palindrome", "parameter_list": "(s)", "docstring": "…"}],
    },
    "def is_palindrome(s):\n    return s == s[::-1]",
    "def is_palindrome(s):\n    return None",
)
BIGCODEBENCH = Row(
    "bigcodebench",
    {
        "task_id": "BigCodeBench/0",
        "complete_prompt": "import itertools\nfrom random import shuffle\n\ndef task_func(numbers=list(range(1, 3))):\n"
        '    """\n    Averages of absolute differences over all permutations.\n    """\n',
        "code_prompt": "import itertools\nfrom random import shuffle\ndef task_func(numbers=list(range(1, 3))):\n",
        "entry_point": "task_func",
        "libs": "['random', 'itertools']",
        "test": "import unittest\nfrom unittest.mock import patch\nfrom random import seed\nclass TestCases(unittest.TestCase):\n"
        "    def setUp(self):\n        self.expected = 2.0\n"
        "    def test_default_numbers(self):\n        result = task_func()\n        self.assertIsInstance(result, float)\n"
        "        self.assertGreater(result, 0)\n"
        "    def test_custom_list(self):\n        self.assertAlmostEqual(task_func([1, 3]), self.expected)\n"
        "    def test_empty(self):\n        with self.assertRaises(ValueError):\n            task_func([])\n",
    },
    "import itertools\ndef task_func(numbers=list(range(1, 3))):\n    if not numbers:\n        raise ValueError('empty')\n"
    "    sums = [sum(abs(a - b) for a, b in zip(p, p[1:])) for p in itertools.permutations(numbers)]\n"
    "    return sum(sums) / len(sums)",
    "def task_func(numbers=list(range(1, 3))):\n    pass",
)
EXERCISM = Row(
    "exercism",
    {
        "files": {
            "bob.py": "def response(hey_bob):\n    pass\n",
            "bob_test.py": "# generated\nimport unittest\n\nfrom bob import (\n    response,\n)\n\n\n"
            "class BobTest(unittest.TestCase):\n    def test_shouting(self):\n"
            '        self.assertEqual(response("WATCH OUT!"), "Whoa, chill out!")\n'
            '    def test_silence(self):\n        self.assertEqual(response(""), "Fine. Be that way!")\n',
            ".meta/example.py": "raise RuntimeError('not run')",
        }
    },
    "def response(hey_bob):\n    return 'Whoa, chill out!' if hey_bob.isupper() else 'Fine. Be that way!'",
    "def response(hey_bob):\n    pass",
)
CODE_CONTESTS = Row(
    "code_contests",
    {
        "name": "1_A. Sum",
        "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
        "private_tests": {"input": [], "output": []},
        "generated_tests": {"input": ["4 5\n", "-1 1\n"], "output": ["9\n", "0\n"]},
        "time_limit": {"seconds": 2, "nanos": 0},
        "memory_limit_bytes": 256000000,
        "input_file": "",
        "output_file": "",
    },
    PAIR,
    PAIR_EMPTY,
)
APPS_CALL = Row(
    "taco",
    {
        "input_output": json.dumps(
            {"fn_name": "invert", "inputs": [[{"1": 2, "3": 4}]], "outputs": [[{"2": 1, "4": 3}]]}
        )
    },
    "def invert(d):\n    assert all(type(key) is int for key in d)\n    return {value: key for key, value in d.items()}",
    "def invert(d):\n    return None",
)
APPS_STDIO = Row(
    "apps", {"inputs": ["1 2\n", ["3 4"]], "outputs": ["3\n", ["7"]]}, PAIR, PAIR_EMPTY,
)  # fmt: skip
LIVE_CODE_BENCH = Row(
    "live_code_bench",
    {
        "question_id": "3090",
        "starter_code": "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        ",
        "public_test_cases": json.dumps([{"input": "[2, 7, 11]\n9", "output": "[0, 1]", "testtype": "functional"}]),
        "private_test_cases": packed([{"input": "[3, 3]\n6", "output": "[0, 1]", "testtype": "functional"}]),
        "metadata": json.dumps({"func_name": "twoSum"}),
    },
    TWO_SUM,
    TWO_SUM_EMPTY,
)
LIVE_CODE_BENCH_STDIO = Row(
    "live_code_bench",
    {
        "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
        "private_test_cases": json.dumps([{"input": "4 4\n", "output": "8\n", "testtype": "stdin"}]),
        "metadata": "{}",
    },
    PAIR,
    PAIR_EMPTY,
)
ASSERTION = (
    "import numpy as np\n\ndef is_floats(x) -> bool:\n    if isinstance(x, float):\n        return True\n"
    "    if isinstance(x, (list, tuple)):\n        return all(isinstance(i, float) for i in x)\n"
    "    if isinstance(x, np.ndarray):\n        return x.dtype == np.float64 or x.dtype == np.float32\n    return False\n\n"
    "def assertion(out, exp, atol):\n    if atol == 0 and is_floats(exp):\n        atol = 1e-6\n"
    "    if out != exp and atol != 0:\n        assert np.allclose(out, exp, rtol=1e-07, atol=atol)\n    else:\n"
    "        assert out == exp, f'out: {out}, exp: {exp}'\n\n"
)
HUMAN_EVAL_PLUS = Row(
    "human_eval",
    {
        "task_id": "HumanEval/2",
        "prompt": 'def truncate_number(number: float) -> float:\n    """ The decimal part.\n    >>> truncate_number(3.5)\n    0.5\n    """\n',
        "entry_point": "truncate_number",
        "test": ASSERTION + "def check(candidate):\n    inputs = [[3.5], [1.33], [123.0]]\n"
        "    results = [0.5, 0.33000000000000007, 0.0]\n"
        "    for i, (inp, exp) in enumerate(zip(inputs, results)):\n        assertion(candidate(*inp), exp, 0)\n",
    },
    "    return number % 1.0",
    "    return None",
)
MBPP_PLUS = Row(
    "mbpp",
    {
        "task_id": 2,
        "code": "…",
        "prompt": "Write a function to find the shared elements from the given two lists.",
        "test_imports": "[]",
        "test_list": ["assert set(similar((3, 4, 5, 6),(5, 7, 4, 10))) == set((4, 5))"],
        "test": ASSERTION + "inputs = [[(3, 4, 5, 6), (5, 7, 4, 10)], [(1, 2), (3,)]]\nresults = [(4, 5), ()]\n"
        "for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(set(similar(*inp)), set(exp), 0)\n",
    },
    "def similar(a, b):\n    return tuple(set(a) & set(b))",
    "def similar(a, b):\n    return ()",
)
EVAL_PLUS = Row(
    "eval_plus",
    {
        "task_id": "HumanEval/0",
        "prompt": "from typing import List\n\n\ndef close(numbers: List[float], threshold: float) -> bool:\n"
        '    """ Any two closer than the threshold? """\n',
        "entry_point": "close",
        "canonical_solution": "    ordered = sorted(numbers)\n"
        "    return any(b - a < threshold for a, b in zip(ordered, ordered[1:]))\n",
        "contract": "\n    assert threshold > 0\n",
        "base_input": [[[1.0, 2.0, 3.9], 0.3], [[1.0, 1.1], 0.3]],
        "plus_input": [[[], 1.0], [[5.0, 5.0], 0.5]],
        "atol": 0,
    },
    "from typing import List\ndef close(numbers: List[float], threshold: float) -> bool:\n"
    "    return any(abs(a - b) < threshold for i, a in enumerate(numbers) for b in numbers[:i])",
    "def close(numbers, threshold):\n    return None",
)
EVAL_PLUS_MBPP = Row(
    "eval_plus",
    {
        "task_id": "Mbpp/3",
        "prompt": '"""\nWrite a python function to identify non-prime numbers.\nassert not_prime(2) == False\n"""\n',
        "entry_point": "not_prime",
        "canonical_solution": "\nimport math\ndef not_prime(n):\n"
        "    return n > 1 and any(n % i == 0 for i in range(2, int(math.sqrt(n)) + 1))\n",
        "base_input": [[2], [10]],
        "plus_input": [[9], [7]],
        "atol": 0,
    },
    "def not_prime(n):\n    return n > 1 and any(n % i == 0 for i in range(2, n))",
    "def not_prime(n):\n    return None",
)
CODEFORCES = Row(
    "codeforces",
    {
        "id": "4/A",
        "input_mode": "stdio",
        "time_limit": 1.0,
        "memory_limit": 64.0,
        "interaction_format": None,
        "generated_checker": None,
        "official_tests": [{"input": "1 2\r\n", "output": "3\r\n"}, {"input": "2 2\n", "output": "4\n"}],
    },
    PAIR,
    PAIR_EMPTY,
)
CHECKER = """
import sys

def main(input_path, output_path, submission_path):
    with open(input_path) as f:
        total = int(f.read())
    try:
        with open(submission_path, 'r') as f:
            words = f.read().split()
        if len(words) != 2 or min(map(int, words)) <= 0 or sum(map(int, words)) != total:
            print(0)
            return
    except ValueError:
        print(0)
        return
    print(1)

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
"""
CODEFORCES_CHECKER = Row(
    "codeforces",
    {
        "input_mode": "stdio",
        "generated_checker": CHECKER,
        "official_tests": [{"input": "7\n", "output": "3 4\n"}, {"input": "9\n", "output": "4 5\n"}],
    },
    "n = int(input())\nprint(1, n - 1)",
    PAIR_EMPTY,
)
SYNTHETIC_1 = Row(
    "synthetic",
    {
        "verification_info": json.dumps(
            {
                "language": "python",
                "test_cases": [
                    {"fn_name": None, "input": "1 2\n", "output": "3\n", "type": "stdin_stdout"},
                    {"fn_name": None, "input": "5 5\n", "output": "10\n", "type": "stdin_stdout"},
                ],
            }
        )
    },
    PAIR,
    PAIR_EMPTY,
)
SYNTHETIC_1_CALL = Row(
    "synthetic",
    {
        "verification_info": str(
            {
                "language": "python",
                "test_cases": [{"type": "function_call", "fn_name": "bump", "input": [1], "output": [2]}],
            }
        )
    },
    "def bump(n):\n    return n + 1",
    "def bump(n):\n    return None",
)
SYNTHETIC_2 = Row(
    "synthetic",
    {
        "verification_info": json.dumps(
            {"ground_truth": json.dumps({"inputs": ["1 2\n"], "outputs": ["3\n"]}), "timeout": 10}
        )
    },
    PAIR,
    PAIR_EMPTY,
)
DEEPCODER_LCB = Row(
    "deepcoder",
    {
        "ground_truth": json.dumps(
            [{"input": "[2, 7]\n9", "output": "[0, 1]", "testtype": "functional", "metadata": {"func_name": "twoSum"}}]
        )
    },
    TWO_SUM,
    TWO_SUM_EMPTY,
)
DEEPCODER_PRIMEINTELLECT = Row(
    "nested",
    {"tests": json.dumps([{"type": "stdin_stdout", "input": "1 2\n", "output": "3\n", "fn_name": None}])},
    PAIR,
    PAIR_EMPTY,
)
DEEPCODER_TACO = Row(
    "nested",
    {"tests": json.dumps({"fn_name": "bump", "inputs": [[1]], "outputs": [2]})},
    "class Solution:\n    def bump(self, n): return n + 1",
    "class Solution:\n    def bump(self, n): return None",
)
EURUS = Row(
    "eurus",
    {
        "data_source": "taco",
        "ability": "code",
        "reward_model": {"style": "rule", "ground_truth": json.dumps({"inputs": ["1 2\n"], "outputs": ["3\n"]})},
        "extra_info": {"split": "dummy", "index": 0},
    },
    PAIR,
    PAIR_EMPTY,
)

APPS_LINES = Row(  # LiveCodeBench's call tests in APPS's form: a JSON value a line
    "apps",
    {"fn_name": "twoSum", "inputs": ["[2, 7]\n9", "[3, 3]\n6"], "outputs": ["[0, 1]", "[0, 1]"]},
    TWO_SUM,
    TWO_SUM_EMPTY,
)
APPS_OTHER_NAME = Row(
    "apps", {"func_name": "twoSum", "inputs": [[[2, 7], 9]], "outputs": [[[0, 1]]]}, TWO_SUM, TWO_SUM_EMPTY
)
CODE_CONTESTS_LIST = Row(
    "code_contests",
    {"public_tests": [{"input": "1 2\n", "output": "3\n"}], "private_tests": [{"input": "2 2\n", "output": "4\n"}]},
    PAIR,
    PAIR_EMPTY,
)
HUMAN_EVAL_LIST = Row(
    "human_eval",
    {"test": ["assert bump(1) == 2", "assert isinstance(bump(2), int)"], "entry_point": "bump"},
    "def bump(n):\n    return n + 1",
    "def bump(n):\n    return None",
)

ROWS = {
    name: row
    for name, row in globals().copy().items()
    if isinstance(row, Row)
}  # fmt: skip


@pytest.fixture(scope="module")
def judge():
    pytest.importorskip("numpy")
    with CodeJudge(workers=1, preload=["numpy"]) as judge:
        yield judge


@pytest.mark.parametrize("name", ROWS)
def test_as_published(judge, name):
    row = ROWS[name]
    programs = [row.right, row.empty]
    verdicts = judge.verdicts([f"```python\n{program}\n```" for program in programs], tests=[row.tests] * 2)
    assert [verdict.score for verdict in verdicts] == [1.0, 0.0], verdicts
    assert verdicts[1].reason != "invalid_tests"
    assert read_suite(row.tests, layout=row.layout) == read_suite(row.tests), "the keys show the layout that is told"


def test_there_is_a_row_for_every_named_layout_of_a_data_set():
    own = {"asserts", "cases", "pairs", "source", "test_cases"}
    assert {row.layout for row in ROWS.values()} | own == set(NAMES)


def test_a_checker_sees_the_output_and_the_program_never_sees_the_checker(judge):
    tests = CODEFORCES_CHECKER.tests
    programs = {
        "n = int(input())\nprint(n, 0)": "wrong_answer",
        "import sys\nprint(open('output.txt').read(), open('correct_output.txt').read())": "runtime_error",
        "import sys, gc\nprint(3, 4, [x for x in gc.get_objects() if 'submission_path' in str(x)][:1])": "wrong_answer",
        "print('\\x00' * 9, '1')": "wrong_answer",
        "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe')": "wrong_answer",
        "print('9' * 5000, 1)": "wrong_answer",
    }
    verdicts = judge.verdicts([f"```python\n{code}\n```" for code in programs], tests=[tests] * len(programs))
    assert [(verdict.score, verdict.reason) for verdict in verdicts] == [(0.0, reason) for reason in programs.values()]


@pytest.mark.parametrize(
    ("checker", "score"),
    [
        ("print(1)", 1.0),
        ("print('0.5 partly right')", 0.5),
        ("import sys\nprint(1)\nsys.exit(1)", 0.0),
        ("while True: pass", 0.0),
        ("print(7)", 0.0),
        ("print('nan')", 0.0),
        ("pass", 0.0),
        (
            "import pathlib, sys\nprint(int(pathlib.Path(sys.argv[3]).read_text() == open(sys.argv[2], 'rb').read().decode()))",
            1,
        ),
        ("open(sys.argv[3], 'w')", 0.0),
    ],
)
def test_what_a_checker_says(judge, checker, score):
    tests = {
        "official_tests": [{"input": "", "output": "x\n"}],
        "generated_checker": checker,
        "limits": {"wall_s": 0.5},
    }
    verdict = judge.verdict("```python\nprint('x')\n```", tests={"tests": tests, "limits": {"wall_s": 0.5}})
    assert verdict.score == score


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generated_checker": "def ("}, "checker is no Python"),
        ({"interaction_format": "The judge talks."}, "interactive"),
        ({"input_mode": "file"}, "read and write files"),
    ],
)
def test_rows_of_codeforces_that_cannot_be_judged_are_told(change, message):
    with pytest.raises(ValueError, match=message):
        read_suite({**CODEFORCES.tests, **change})
