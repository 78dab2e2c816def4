"""Inputs and outputs, in one list or in two: the judge's own cases, APPS and TACO, code_contests, Eurus, DeepCoder,
LiveCodeBench, SYNTHETIC-1 and -2, Codeforces of open-r1."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..suite import AssertTest, CallTest, CheckerProgram, StdioTest, Suite, Test
from .unpacking import integer_keys, lines, unpacked

Layout = Mapping[str, Any]
STDIO_TYPES = ("stdin", "stdin_stdout", "stdio", "standard_input")
CALL_TYPES = ("functional", "function_call", "call_based", "call")


def case(test: Any, place: int) -> Test:
    """One test of a list. Raises ValueError for one of no known kind."""
    if isinstance(test, (StdioTest, CallTest, AssertTest)):
        return test
    if isinstance(test, Mapping):
        if "stdin" in test:
            return StdioTest(lines(test["stdin"]), _accepted(test, "stdout", place), test.get("checker"))
        if "args" in test:
            accepted = _accepted(test, "expected", place)
            return CallTest(tuple(test["args"]), test.get("kwargs") or {}, accepted, test.get("checker"))
        if test.keys() & {"input", "output", "type", "testtype"}:
            return _typed_case(test, place)
    raise ValueError(f"test {place} is none of the known kinds: {test!r:.120}")


def _accepted(test: Layout, key: str, place: int) -> tuple[Any, ...]:
    given = [name for name in (key, "any_of", "checker") if name in test]
    if len(given) != 1:
        raise ValueError(f"test {place} needs exactly one of {key!r}, 'any_of' and 'checker'; it has {given or 'none'}")
    if given == ["checker"]:
        if not callable(test["checker"]):
            raise ValueError(f"test {place}: a checker is a function, not {type(test['checker']).__name__}")
        return ()
    answers = test["any_of"] if given == ["any_of"] else [test[key]]
    return tuple(map(lines, answers) if key == "stdout" else answers)


def _typed_case(test: Layout, place: int) -> Test:
    """LiveCodeBench and DeepCoder say `testtype`, PrimeIntellect says `type`."""
    kind = test.get("testtype") or test.get("type") or "stdin"
    entry = name_of(test) or name_of(_mapping(test.get("metadata")))
    if kind in STDIO_TYPES:
        return StdioTest(lines(test["input"]), (lines(test["output"]),))
    if kind not in CALL_TYPES:
        raise ValueError(f"test {place} has the unknown type {kind!r}")
    return _call(test["input"], test["output"], entry)


def name_of(layout: Layout) -> Any:
    """The function that a row or a test names."""
    return layout.get("fn_name") or layout.get("func_name")


def _call(given: Any, wanted: Any, entry: str | None = None) -> CallTest:
    """Arguments as a list, or as text with a JSON value a line; then the result is such text, too."""
    if isinstance(given, str) and not given.lstrip().startswith("(") and isinstance(wanted, str):
        lines_of_json = [_from_json(line) for line in given.split("\n") if line.strip()]
        return CallTest(tuple(lines_of_json), accepted=(_from_json(wanted),), entry=entry)
    return CallTest(_arguments(given), accepted=_results(wanted), entry=entry)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"an argument or result must be JSON: {text!r:.80}") from None


def _mapping(value: Any) -> Layout:
    found = unpacked(value) if value else {}
    return found if isinstance(found, Mapping) else {}


def cases(tests: Sequence[Any], entry: str | None) -> Suite:
    """A list of tests."""
    starter = any(isinstance(test, Mapping) and "testtype" in test for test in tests)
    return named(tuple(case(test, place) for place, test in enumerate(tests)), entry, starter=starter)


def named(tests: tuple[Test, ...], entry: str | None, **options: Any) -> Suite:
    """A suite whose entry is what its calls name, where they agree. Raises ValueError where they do not."""
    names = {test.entry for test in tests if isinstance(test, CallTest) and test.entry and not test.exact}
    if len(names) > 1:
        raise ValueError(f"one program, one function: the tests name {', '.join(sorted(map(str, names)))}")
    entry = next(iter(names), entry)
    tests = tuple(replace(t, entry=None) if isinstance(t, CallTest) and not t.exact else t for t in tests)
    return Suite(tests, entry, **options)


def two_lists(layout: Layout, entry: str | None) -> Suite:
    """{"inputs": […], "outputs": […], "fn_name": …}: APPS, TACO, Eurus; a name means calls."""
    inputs, outputs = unpacked(layout["inputs"]), unpacked(layout["outputs"])
    if len(inputs) != len(outputs):
        raise ValueError(f"there are {len(inputs)} inputs but {len(outputs)} outputs")
    name = name_of(layout) or entry
    pairs = list(zip(inputs, outputs, strict=True))
    if not name:
        return Suite(tuple(StdioTest(lines(given), (lines(wanted),)) for given, wanted in pairs), starter=True)
    return Suite(tuple(_call(given, wanted) for given, wanted in pairs), name, starter=True)


def _arguments(given: Any) -> tuple[Any, ...]:
    given = unpacked(given) if isinstance(given, str) else given
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ValueError(f"the arguments of a call are a list, not {given!r:.80}")
    return tuple(integer_keys(argument) for argument in given)


def _results(wanted: Any) -> tuple[Any, ...]:
    """What is accepted. Some results are wrapped in a list of one, and some keys were integers: neither is said."""
    forms = [wanted, wanted[0]] if isinstance(wanted, list) and len(wanted) == 1 else [wanted]
    for form in list(forms):
        if (other := integer_keys(form)) != form:
            forms.append(other)
    return tuple(forms)


def parallel(layout: Layout, entry: str | None) -> Suite:
    """{"input": […], "output": […]}: one set of code_contests."""
    return replace(two_lists({"inputs": layout["input"], "outputs": layout["output"]}, entry), starter=False)


def code_contests(layout: Layout, _entry: str | None) -> Suite:
    """{"public_tests": …, "private_tests": …, "generated_tests": …}."""
    tests: list[Test] = []
    for key in ("public_tests", "private_tests", "generated_tests"):
        found = unpacked(layout.get(key) or {})
        if isinstance(found, Mapping):
            tests += parallel(found, None).tests if found.get("input") else ()
        else:
            tests += cases(found, None).tests if found else ()
    return Suite(tuple(tests))


def live_code_bench(layout: Layout, entry: str | None) -> Suite:
    """{"public_test_cases": …, "private_test_cases": …, "metadata": …}; the private ones may be packed."""
    tests: list[Any] = []
    for key in ("public_test_cases", "private_test_cases"):
        tests += unpacked(layout.get(key) or [])
    name = name_of(_mapping(layout.get("metadata"))) or entry
    return named(tuple(case(test, place) for place, test in enumerate(tests)), name, starter=True)


def with_metadata(layout: Layout, entry: str | None) -> Suite:
    """{"cases": […], "metadata": {"func_name": …}}."""
    return live_code_bench({**layout, "public_test_cases": layout["cases"]}, entry)


def codeforces(layout: Layout, _entry: str | None) -> Suite:
    """{"official_tests": [{"input", "output"}], "generated_checker": …}: open-r1's Codeforces.

    A row with a checker has many right outputs; the checker, a program in Python, runs in the box.
    """
    if (mode := layout.get("input_mode") or "stdio") != "stdio":
        raise ValueError(f"the program would have to read and write files: input_mode is {mode!r}")
    if layout.get("interaction_format"):
        raise ValueError("an interactive problem: the program would have to talk with a judge")
    source = layout.get("generated_checker") or layout.get("checker")
    checker = CheckerProgram(_compilable(source)) if source else None
    tests = [*unpacked(layout.get("official_tests") or []), *unpacked(layout.get("private_tests") or [])]
    return Suite(tuple(StdioTest(lines(test["input"]), (lines(test["output"]),), checker) for test in tests))


def _compilable(source: Any) -> str:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, TypeError) as error:
        raise ValueError(f"the checker is no Python program: {error}") from None
    return str(source)
