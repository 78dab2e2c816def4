from __future__ import annotations

import base64
import json
import pickle
import zlib

import pytest

from jurybox.judges.code import AssertTest, CallTest, StdioTest
from jurybox.judges.code.layouts import read_suite
from jurybox.judges.code.literals import rewritten

ONE = StdioTest("1\n", ("2\n",))
CALL = CallTest((1,), {}, (2,))


@pytest.mark.parametrize(
    ("layout", "tests", "entry"),
    [
        ([{"stdin": "1\n", "stdout": "2\n"}], (ONE,), None),
        ([{"stdin": "1\n", "any_of": ["2", "3"]}], (StdioTest("1\n", ("2", "3")),), None),
        ({"tests": [{"args": [1], "expected": 2}], "entry": "f"}, (CALL,), "f"),
        ('[{"stdin": "1\\n", "stdout": "2\\n"}]', (ONE,), None),
        ({"inputs": ["1\n"], "outputs": ["2\n"]}, (ONE,), None),
        ({"inputs": [["1", "2"]], "outputs": [["3"]]}, (StdioTest("1\n2", ("3",)),), None),
        ({"inputs": [[1]], "outputs": [2], "fn_name": "f"}, (CALL,), "f"),
        ({"inputs": [[1]], "outputs": [[2]], "fn_name": "f"}, (CallTest((1,), {}, ([2], 2)),), "f"),
        ({"input_output": '{"inputs": ["1\\n"], "outputs": ["2\\n"]}'}, (ONE,), None),
        ([{"input": "1\n", "output": "2\n", "testtype": "stdin"}], (ONE,), None),
        (
            {"public_test_cases": '[{"input": "1\\n[2]", "output": "3", "testtype": "functional"}]',
             "metadata": '{"func_name": "f"}'},
            (CallTest((1, [2]), {}, (3,)),), "f",
        ),
        ({"test_cases": [{"type": "stdin_stdout", "input": "1\n", "output": "2\n"}], "language": "python"},
         (ONE,), None),
        ({"verification_info": {"test_cases": [{"type": "function_call", "fn_name": "f", "input": [1], "output": 2}]}},
         (CALL,), "f"),
        ({"source": "assert f(1)"}, (AssertTest("assert f(1)"),), None),
        ({"asserts": ["assert g(f(1))"], "entry": "f"}, (AssertTest("assert g(f(1))"),), "f"),
        ({"test_list": ["assert f(1) == 2"], "test_setup_code": ""},
         (CallTest((1,), {}, (2,), entry="f", exact=True),), None),
        ({"test_list": ["assert f(1) == 2"], "test_setup_code": "x = 1"},
         (AssertTest("assert f(1) == 2", "x = 1"),), None),
    ],
)  # fmt: skip
def test_layouts(layout, tests, entry):
    suite = read_suite(layout)
    assert suite.tests == tests
    assert suite.entry == entry


def test_human_eval_puts_the_prompt_in_front_of_the_program_and_of_the_test():
    suite = read_suite({"prompt": "def f(x):\n", "test": "def check(candidate): ...", "entry_point": "f"})
    assert suite.prefix == "def f(x):\n"
    assert suite.tests == (AssertTest("def check(candidate): ...", "def f(x):\n\n    pass\n"),)


def test_packed_tests_are_read_without_running_their_pickle():
    def packed(value):
        return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()

    cases = json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}])
    assert read_suite({"public_test_cases": [], "private_test_cases": packed(cases)}).tests == (ONE,)
    with pytest.raises(ValueError, match="packed tests hold text"):
        read_suite({"public_test_cases": packed(print)})


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ([], "without tests"),
        ({"tests": []}, "without tests"),
        ({}, "unknown layout"),
        ({"foo": 1}, "foo"),
        (5, "int"),
        ("nonsense", "JSON, or the source of tests"),
        ([{"stdin": "1"}], "exactly one of"),
        ([{"stdin": "1", "stdout": "1", "any_of": ["1"]}], "exactly one of"),
        ([{"stdin": "1", "checker": 5}], "a checker is a function"),
        ([{"what": 1}], "none of the known kinds"),
        ([{"args": [1], "expected": 2}], "entry="),
        ({"inputs": ["1"], "outputs": []}, "1 inputs but 0 outputs"),
        ({"test_cases": [{"type": "x", "input": "", "output": ""}]}, "unknown type"),
        ({"test_cases": [{"type": "stdin_stdout"}]}, "input"),
        ({"test_cases": [], "language": "rust"}, "rust"),
        ({"tests": [{"args": 5, "expected": 1}], "entry": "f"}, "wrong type"),
    ],
)
def test_what_is_no_layout_is_refused_with_a_reason(layout, message):
    with pytest.raises(ValueError, match=message):
        read_suite(layout)


@pytest.mark.parametrize(
    "source",
    [
        "assert sorted(f(1)) == [1]", "assert f(x) == 1", "assert f(1) == y", "assert f(1) < 2", "assert not f(1)",
        "assert f(*[1]) == 2", "assert f(**{}) == 2", "x = 1\nassert f(1) == 2", "assert f(1) == 2 == 2",
        "assert len([]) == 0",
        "assert o.f(1) == 2", "not python (",
    ],
)  # fmt: skip
def test_only_calls_with_literals_become_call_tests(source):
    assert rewritten(source, "", None) is None


def test_a_rewritten_assert():
    test = rewritten("assert f(-1, [2, (3,)], k={'a': {1}}) == {1: None}, 'why'", "", None)
    assert test == CallTest((-1, [2, (3,)]), {"k": {"a": {1}}}, ({1: None},), entry="f", exact=True)
    assert rewritten("assert candidate(1) == 2", "", "f").entry == "f"
    assert rewritten("assert f(1) == 2", "f = g", None) is None
