"""Assert tests: the source runs in one process, the program in another, and nothing of the first is in the second."""

from __future__ import annotations

import textwrap

import pytest

from jurybox.judges.code import CodeJudge

STACK = """
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item); return self
    def __len__(self): return len(self.items)
    def __getitem__(self, place): return self.items[place]
    def __iter__(self): return iter(self.items)
"""


@pytest.fixture
def passes(run):
    """Whether the program passes a piece of test source."""

    def passes(code, source, entry=None, setup="", **options):
        return (
            run(textwrap.dedent(code), {"source": textwrap.dedent(source), "setup": setup}, entry, **options).score
            == 1.0
        )

    return passes


@pytest.mark.parametrize(
    "source",
    [
        "s = Stack(); s.push(3).push(4); assert len(s) == 2 and s[1] == 4",
        "assert list(Stack().push(1)) == [1]",
        "assert 1 in Stack().push(1) and 2 not in Stack().push(1)",
        "s = Stack(); assert s.push(1) is s",
        "assert isinstance(Stack(), Stack)",
        "assert Stack().items == []",
        "s = Stack(); s.items = [5]; assert s[0] == 5",
        "assert [x for x in Stack().push('a')] == ['a']",
    ],
)
def test_objects_of_the_program(passes, source):
    assert passes(STACK, source)


@pytest.mark.parametrize(
    ("code", "source"),
    [
        (
            "def f(n): raise ValueError('no')",
            "try:\n    f(1)\nexcept ValueError as e:\n    assert str(e) == 'no'\nelse:\n    raise AssertionError",
        ),
        ("class Mine(KeyError): pass\ndef f(n): raise Mine(n)", "try:\n    f(1)\nexcept KeyError:\n    pass"),
        ("def f(g, xs): return [g(x) for x in xs]", "assert f(lambda x: x + 1, [1, 2]) == [2, 3]"),
        ("def f(): return lambda x: x * 2", "assert f()(4) == 8"),
        ("def f():\n    yield 1\n    yield 2", "assert list(f()) == [1, 2]"),
        ("def f(xs): xs.sort()", "xs = [2, 1]; f(xs); assert xs == [1, 2]"),
        ("def f(d): d['a'] = 1", "d = {}; f(d); assert d == {'a': 1}"),
        ("def f(x, kind): return kind(x)", "assert f('3', int) == 3"),
        ("def f(*, k=1): return k", "assert f() == 1 and f(k=2) == 2"),
        ("def f(): return 1, [2], {3}", "assert f() == (1, [2], {3})"),
        ("def sum(a, b): return a * b", "assert sum(3, 4) == 12"),
        ("def gcd(a, b): return 'mine'", "assert gcd(3, 4) == 'mine'"),
        ("def f(x): return x / 3", "assert math.isclose(f(1), 1 / 3)"),
        ("def f(s): return s", "assert Counter(f('aab')) == Counter(a=2, b=1)"),
    ],
)  # fmt: skip
def test_what_tests_do(passes, code, source):
    assert passes(code, source)


def test_human_eval():
    row = {
        "prompt": "from typing import List\n\ndef helper(x):\n    return x * 2\n\n"
        'def f(xs: List[int]) -> int:\n    """Sum."""\n',
        "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate([1, 2]) == helper(3)\n",
        "entry_point": "f",
    }
    whole = "def f(xs: List[int]) -> int:\n    return helper(sum(xs))"
    rest = "total = sum(xs)\nreturn helper(total)"
    cheat = "def helper(x):\n    return 0\n\ndef f(xs):\n    return 0"
    with CodeJudge(workers=1) as judge:
        verdicts = judge.verdicts([f"```python\n{code}\n```" for code in (whole, rest, cheat)], tests=[row] * 3)
    assert [verdict.score for verdict in verdicts] == [1.0, 1.0, 0.0]


YES = """
class Yes:
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = lambda *_: True
    __hash__ = lambda _: 0
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0
    def __iter__(self): return iter([])
def f(*_): return Yes()
"""


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1) == 3", "assert 3 == f(1)", "assert not f(1) != 3 and f(1) == 3", "assert f(1) > 2",
        "assert 2 < f(1)",
        "assert abs(f(1) - 3) < 1e-6", "assert abs(3 - f(1)) < 1e-6", "assert 3 in f(1)", "assert f(1) in [3]",
        "assert f(1) in {3: 1}", "assert [f(1)] == [3]", "assert max(f(1), 3) == 3", "assert f(1) + 1 == 0",
    ],
)  # fmt: skip
def test_an_object_that_equals_everything_equals_nothing(passes, source):
    assert not passes(YES, source)


CLOSE_ALL = """
import os
def f(x):
    for fd in range(3, 50):
        try: os.close(fd)
        except OSError: pass
"""
CLAIM_A_PASS = r"""
import os
def f(x):
    for fd in range(3, 50):
        try: os.write(fd, b'\0\0\0\x14["test","passed",""]')
        except OSError: pass
    return 1
"""
HUNT = """
import gc
def f(x):
    return next((o["expected"] for o in gc.get_objects() if type(o) is dict and "expected" in o), 0)
"""
READ_TESTER = """
import os, re
def f(x):
    for pid in range(1, 60):
        try:
            for line in open(f"/proc/{pid}/maps"):
                if "rw-p" in line:
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    with open(f"/proc/{pid}/mem", "rb") as memory:
                        memory.seek(start)
                        if found := re.search(rb"needle-\\d{4}", memory.read(end - start)):
                            return found[0].decode()
        except (OSError, ValueError, OverflowError):
            pass
"""


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("class math:\n    isclose = lambda *_: True\ndef f(x): return 0", "assert math.isclose(f(1), 3)"),
        ("def isclose(*_): return True\ndef f(x): return 0", "assert isclose(f(1), 3)"),
        ("def sorted(*_): return [1, 2]\ndef f(x): return 0", "assert sorted([f(1)]) == [1, 2]"),
        ("def f(x): import sys; sys.exit(0)", "f(1)\nassert 0"),
        ("def f(x): raise SystemExit", "try:\n    f(1)\nexcept Exception:\n    pass"),
        ("def f(x): raise KeyboardInterrupt", "f(1)"),
        ("import os\ndef f(x): os._exit(0)", "f(1)"),
        (CLOSE_ALL, "f(1)"),
        (CLAIM_A_PASS, "assert f(1) == 42"),
        ("def f(g): return g.__globals__['expected']", "expected = 42\nassert f(lambda: 0) == expected"),
        ("def f(g): return g.__code__", "assert f(lambda: 42)"),
        (HUNT, "expected = 4217\nassert f(1) == expected"),
        (READ_TESTER, "expected = 'needle-4217'\nassert f(1) == expected"),
    ],
)  # fmt: skip
def test_forgeries_fail(passes, code, source):
    assert not passes(code, source)


def test_trust_lets_the_program_compare_and_says_so(run):
    code = "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x"
    source = {"source": "assert P(1) == P(1) and P(1) != P(2)"}
    assert run(code, source).score == 0.0
    with CodeJudge(workers=1, trust_candidate_eq=True) as judge:
        verdict = run(code, source, judge=judge)
        assert verdict.score == 1.0
        assert verdict.evidence["forgeable"]


def test_labels(labels, run):
    assert labels("def f(x): return x", ["assert g(f(1))"]) == ["missing_entry"]
    assert labels("def f(x): return x", {"source": "assert f(1) != 1"}) == ["wrong_answer"]
    assert labels("1 / 0", {"source": "assert f(1) != 1"}) == ["runtime_error"]
    assert labels("while True: pass", {"source": "assert f(1) != 1"}, limits={"wall_s": 0.3}) == ["timeout"]
    assert labels(
        "def f(x):\n    while x: pass", ["assert f(1) is 1", "assert f(0) is None"], limits={"wall_s": 0.3}
    ) == ["timeout", "passed"]


@pytest.mark.parametrize(
    "source",
    [
        "assert 1 == 1", "this is no python", "def check(candidate): pass", "x = [][0]\nassert f(1) == 1",
        "import no_such_module\nassert f(1) == 1", "assert pd.DataFrame([f(1)]).empty", "assert 1 == 2 and f(1)",
        "def check(candidate):\n    xs = {}['a']\n    assert candidate(xs)",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "code", ["def f(x): return x", "f = 5", "class f: pass", "def g(): pass", "import sys\nf = sys"]
)
def test_a_fault_of_the_test_abstains_whatever_the_program(run, source, code):
    verdict = run(code, {"source": source}, "f")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "skipped", "invalid_tests")


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("class f: pass", "assert isinstance(f, type) or f(1) == 2"),
        ("f = 5", "assert f(1) == 2"),
        ("f = None", "assert f is None or f(1) == 2"),
        ("f = {}", "assert f.method() == 2"),
        ("def g(x): pass", "assert f(1) == 2"),
        ("def g(x): pass", "def check(candidate):\n    assert candidate(1) == 2"),
        ("def g(x): pass", "assert candidate(1) == 2"),
    ],
)
def test_a_program_does_not_make_the_test_look_at_fault(run, code, source):
    verdict = run(code, {"source": source}, "f")
    assert (verdict.score, verdict.status) == (0.0, "scored"), verdict


def test_a_test_at_fault_counts_for_nothing_among_others(run):
    asserts = ["y = 1\nassert f(y) == 1", "y = [][0]\nassert f(y) == 1", "y = 2\nassert f(y) == 3"]
    verdict = run("def f(x): return x", asserts)
    assert [test.label for test in verdict.tests] == ["passed", "invalid_tests", "wrong_answer"]
    assert (verdict.score, verdict.reason) == (0.5, "wrong_answer")
    with CodeJudge(workers=1, reward="all") as judge:
        assert run("def f(x): return x", asserts[:2], judge=judge).score == 1.0
        assert run("def f(x): return x", asserts[1:], judge=judge).score == 0.0


STOPS = "def f(x): raise StopIteration(x)"
ANNOTATED = "def f(x: 'leave()'): return 1"
FAKE_ARRAY = """
class A:
    __array_interface__ = {"data": (4096, True), "shape": (0, 1), "typestr": "<f8", "version": 3}
    __array__ = __array_struct__ = __iter__ = __wrapped__ = __annotations__ = None
def f(x): return A()
"""


@pytest.mark.parametrize(
    ("code", "source"),
    [
        (STOPS, "assert all(map(f, [1, 2]))"),
        (STOPS, "assert list(map(f, [1, 2])) == [] or True"),
        (STOPS, "for x in filter(f, [1]): raise AssertionError"),
        (ANNOTATED, "def leave(): raise SystemExit\nimport typing\nassert typing.get_type_hints(f)"),
        (ANNOTATED, "assert f.__annotations__ or True"),
        (FAKE_ARRAY, "assert f(1).__array_interface__ or True"),
        (FAKE_ARRAY, "x = f(1)\nx.__class__ = int"),
        (FAKE_ARRAY, "assert f(1).__wrapped__ is None"),
    ],
)
def test_a_stand_in_follows_no_protocol_of_the_program(passes, code, source):
    assert not passes(code, source)


def test_tests_of_the_same_program_do_not_share_names_but_its_state(labels):
    code = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)"
    assert labels(code, ["y = f(1); assert y == 1", "assert 'y' not in globals() and f(2) == 2"]) == [
        "passed",
        "passed",
    ]


def test_without_landlock_the_tester_still_keeps_its_memory_to_itself(run):
    with CodeJudge(workers=1, without=["landlock"]) as judge:
        source = {"source": "expected = 'needle-4217'\nassert f(1) == expected"}
        assert run(READ_TESTER, source, judge=judge).score == 0.0
