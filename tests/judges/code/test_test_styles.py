"""Files of tests as they are published, and objects that cross between test and program: what passes, what must not."""

from __future__ import annotations

import textwrap

import pytest

LIST_PROMPT = """
from typing import *
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next

def list_node(values):
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head

def is_same_list(a, b):
    while a and b:
        if a.val != b.val:
            return False
        a, b = a.next, b.next
    return a is None and b is None
"""
REVERSE = """
class Solution:
    def turn(self, head: Optional[ListNode]) -> Optional[ListNode]:
        behind = None
        while head:
            head.next, behind, head = behind, head, head.next
        return behind
"""
TURNED = """
def check(candidate):
    head = list_node([1, 2, 3])
    assert is_same_list(candidate(head=head), list_node([3, 2, 1]))
    assert head.val == 1 and head.next is None
    long = list_node(list(range(3000)))
    assert is_same_list(candidate(long), list_node(list(range(2999, -1, -1))))
"""


@pytest.fixture
def verdict(judge):
    def verdict(code, tests):
        tests = textwrap.dedent(tests) if isinstance(tests, str) else tests
        return judge.verdict(f"```python\n{textwrap.dedent(code)}\n```", tests=tests)

    return verdict


@pytest.mark.parametrize("body", [REVERSE, REVERSE.replace("return behind", "return None"), "class Solution: pass"])
def test_lists_of_leetcode_cross_by_value_and_stay_what_they_were(verdict, body):
    row = {"prompt": LIST_PROMPT, "entry_point": "Solution().turn", "test": TURNED}
    assert verdict(body, row).score == float(body is REVERSE)


PYTEST = """
import pytest
from solution import double, Odd, greet

@pytest.fixture
def three():
    yield 3

@pytest.mark.parametrize("given, wanted", [(1, 2), pytest.param(2, 4, id="two")])
def test_double(given, wanted):
    assert double(given) == wanted

def test_fixture(three):
    assert double(three) == pytest.approx(6.0)

class TestErrors:
    def test_class_args_and_text(self):
        with pytest.raises(Odd, match="odd: 5") as info:
            double(5, even=True)
        assert info.value.args == (5,) and info.value.what == 5

def test_prints(capsys):
    greet("you")
    assert capsys.readouterr().out == "hello you\\n"

def test_input(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt="": "me")
    assert greet() == "me"
"""
DOUBLE = """
class Odd(ValueError):
    def __init__(self, what):
        super().__init__(what)
        self.what = what
    def __str__(self):
        return f"odd: {self.what}"

def double(x, even=False):
    if even and x % 2:
        raise Odd(x)
    return 2 * x

def greet(name=None):
    if name is None:
        return input("who? ")
    print("hello", name)
"""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("", ""), ("return 2 * x", "return 3 * x"), ("raise Odd(x)", "raise ValueError(x)"), ("print(", "str(")],
)
def test_a_file_of_pytest(verdict, wrong, right):
    assert verdict(DOUBLE.replace(wrong, right), PYTEST).score == float(wrong == right)


@pytest.mark.parametrize(
    ("code", "source", "score"),
    [
        ("def f(x): return x + 1", ">>> f(1)\n2\n>>> f(2)\n3\n", 1.0),
        ("def f(x): return x + 1", ">>> f(1)\n3\n", 0.0),
        ("async def f(x): return x + 1", "import asyncio\nfrom any_name import f\nassert asyncio.run(f(1)) == 2", 1.0),
        ("import datetime\ndef f(d): return d + datetime.timedelta(1)",
         "from datetime import date\nfrom main import f\nassert f(date(2020, 1, 31)) == date(2020, 2, 1)", 1.0),
        ("def f(m): m[0], m[1] = m[1], m[0]",
         "from x import f\nm = [[1], [2]]\nrow = m[0]\nf(m)\nassert m == [[2], [1]] and m[1] is row", 1.0),
        ("def f(t): return 1 + max(map(f, t.kids), default=0)",
         "from x import f\nclass T:\n    def __init__(self, *k): self.kids = k\nassert f(T(T(), T(T()))) == 3", 1.0),
        ("def f(x): return x", "import pytest\nfrom x import f\ndef test_a(tmp_path):\n    assert f(1)", None),
        ("def f(x): return x", "import numpy as np\nfrom x import f\nassert np.allclose(f(1), 1)", None),
    ],
)  # fmt: skip
def test_other_styles_and_objects(verdict, code, source, score):
    assert verdict(code, source).score == score


THIEF = """
import unittest
SEEN = []
def names_of(thing):
    for step in ("__globals__", "__class__", "__self__", "__dict__", "gi_frame", "f_globals", "__traceback__"):
        try:
            SEEN.append(getattr(thing, step))
        except Exception:
            pass
def f(thing, *rest):
    names_of(thing)
    try:
        thing.answer = lambda *_: 42
        thing.__class__ = int
    except Exception:
        pass
    for seen in SEEN:
        try:
            return seen["EXPECTED"]
        except Exception:
            pass
    return 0
"""


@pytest.mark.parametrize(
    "source",
    [
        "EXPECTED = 42\nassert f(lambda: 0) == EXPECTED",
        "EXPECTED = 42\nassert f(x for x in [1]) == EXPECTED",
        "EXPECTED = 42\nclass T:\n    def answer(self): return 41\nt = T()\nf(t)\nassert t.answer() == EXPECTED",
        "EXPECTED = 42\nclass T: pass\nassert f(T) == EXPECTED",
        "import io\nEXPECTED = 42\nassert f(io.StringIO('')) == EXPECTED",
        "EXPECTED = 42\nassert f(ValueError('x')) == EXPECTED",
    ],
)
def test_what_a_test_lends_does_not_lead_to_its_names(verdict, source):
    assert verdict(THIEF, f"from solution import f\n{source}").score == 0.0


@pytest.mark.parametrize(
    "code",
    [
        "import unittest\ndef f(x): raise unittest.SkipTest('no')",
        "from unittest import mock\ndef f(x): return mock.ANY",
        "import os\ndef f(x): os._exit(0)",
        "def f(x): raise SystemExit(0)",
        "class E(Exception):\n    pass\nE.__module__ = 'unittest.case'\nE.__qualname__ = 'SkipTest'\ndef f(x): raise E",
        "f = type('Yes', (), {'__eq__': lambda *_: True, '__call__': lambda s, x: s})()",
    ],
)
@pytest.mark.parametrize(
    "source",
    [
        "from x import f\ndef test_f():\n    assert f(1) == 2",
        "import unittest\nfrom x import f\nclass T(unittest.TestCase):\n    def test_f(self):\n"
        "        self.assertEqual(f(1), 2)",
    ],
)
def test_no_test_is_skipped_or_agreed_with_by_the_program(verdict, code, source):
    assert verdict(code, source).score == 0.0
