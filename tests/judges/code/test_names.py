"""Whose function a bare name means: read off the test alone."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from jurybox.judges.code.box.names import Names

TESTED = [
    ("a, b = 12, 18\nassert gcd(a, b) == 6\nassert half(a) == 6", "gcd"),
    ("c = Counter([1, 2])\nassert c.total() == 2\nassert f(1) == 1", "Counter"),
    ("y = 1\nassert calendar(y) == 2\nassert f(y) == 1", "calendar"),
    ("a = [[1], [2]]\nassert concat(a) == [1, 2]\nassert length(a) == 2", "concat"),
    (
        "class T(Case):\n    def test(self):\n        self.assertEqual(add(5), 15)\n        self.assertEqual(f(1), 2)",
        "add",
    ),
    ("def check(c):\n    assert c(5) == 120\ncheck(factorial)", "factorial"),
    ("queue.put_first(1)\nassert queue.size == 1", "queue"),
]
TOOLS = [
    ("assert isclose(f(1), 2.5)", "isclose"),
    ("x = f(1)\nassert isclose(x, 2.5)", "isclose"),
    ("assert Counter(f('aab')) == Counter(a=2, b=1)", "Counter"),
    ("assert f(5) == factorial(5)", "factorial"),
    ("e = factorial(5)\nassert f(5) == e", "factorial"),
    ("for n, e in enumerate([factorial(i) for i in range(5)]):\n    assert f(n) == e", "factorial"),
    ("data = [[1]]\nkept = deepcopy(data)\nf(data)\nassert data == kept", "deepcopy"),
    ("def near(a, b):\n    return isclose(a, b)\nassert near(f(1), 2)", "isclose"),
    ("def near(a, b):\n    assert isclose(a, b)\nnear(f(1), 2)", "isclose"),
    ("class H:\n    def norm(self, x):\n        return Counter(x)\nassert H().norm(f(1)) == {}", "Counter"),
    ("@lru_cache(None)\ndef ref(n):\n    return n\nassert f(5) == ref(5)", "lru_cache"),
    ("d = defaultdict(list)\nd[1].append(f(1))\nassert d[1] == [2]", "defaultdict"),
    ("assert all(gcd(x, 2) == 2 for x in f(3))", "gcd"),
    ("assert math.isclose(f(1), 2)", "math"),
    ("check = isclose\nassert check(f(1), 2)", "isclose"),
    ("p = Point(f(1), 2)\nPoint = namedtuple('Point', 'x y')\nassert p == (1, 2)", "namedtuple"),
]


@pytest.mark.parametrize(("source", "name"), TESTED)
def test_what_meets_only_the_tests_own_values_is_tested(source, name):
    names = Names(source, None)
    assert name in names.wanted
    assert name not in names.trusted


@pytest.mark.parametrize(("source", "name"), TOOLS)
@pytest.mark.parametrize("entry", [None, "f"])
def test_what_meets_an_answer_of_the_program_is_a_tool(source, name, entry):
    names = Names(source, entry)
    assert name in names.trusted
    assert name not in names.wanted | names.optional


def test_the_library_stands_behind_tools():
    assert Names("assert isclose(f(1), 2.5) and Counter(f(2))", None).trusted == {
        "isclose": math.isclose,
        "Counter": Counter,
    }


def test_builtins_are_the_programs_only_where_nothing_else_is_tested():
    assert Names("assert sum(3, 4) == 12", None).optional == {"sum"}
    assert Names("assert sum(f(3)) == 12", None).optional == set()
    assert Names("assert sum(xs) == 12 and gcd(4, 6) == 2", None).optional == set()


def test_the_entry_is_the_programs_whatever_the_library_has():
    names = Names("assert isclose(gcd(1, 2), 1)", "gcd")
    assert "gcd" in names.wanted
    assert "isclose" in names.trusted


def test_flow_ends_for_code_that_feeds_itself():
    source = "a = gcd(1, 2)\nfor i in range(9):\n    a, b = b, a\n    b = gcd(a, b)\nassert b == 1"
    assert "gcd" in Names(source, None).wanted


@pytest.mark.parametrize(
    ("code", "source", "score"),
    [
        ("def gcd(a, b): return 1\ndef half(a): return a // 2", TESTED[0][0], 0.0),
        ("from math import gcd\ndef half(a): return a // 2", TESTED[0][0], 1.0),
        ("def half(a): return a // 2", TESTED[0][0], 0.0),
        ("def calendar(y): return y + 1\ndef f(x): return x", TESTED[2][0], 1.0),
        ("def concat(xs): return sum(xs, [])\ndef length(xs): return len(xs)", TESTED[3][0], 1.0),
        ("def isclose(*_): return True\ndef f(x): return 0", TOOLS[1][0], 0.0),
        ("def factorial(n): return 7\ndef f(n): return 7", TOOLS[4][0], 0.0),
        ("def deepcopy(x): return x\ndef f(x): x.append(1)", TOOLS[6][0], 0.0),
    ],
)
def test_programs_are_judged_by_what_the_test_means(run, code, source, score):
    assert run(code, {"source": source}).score == score
