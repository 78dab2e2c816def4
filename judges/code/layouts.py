"""Every layout in which tests come, brought to a `Suite` once, at the edge. These functions only reshape.

    [{"stdin": …, "stdout": … | "any_of": […] | "checker": f}, …]
    [{"args": […], "kwargs": {…}, "expected": … | "any_of": […] | "checker": f}, …]      with an entry
    ["assert f(1) == 2", …]
    {"tests": any of these, "entry": …, "setup": …, "limits": {…}, "compare": {…}}
    {"asserts": […], "setup": …}   {"source": …}
    {"test": …, "entry_point": …, "prompt": …}                                            HumanEval
    {"test_list": […], "test_setup_code": …}                                              MBPP
    {"inputs": […], "outputs": […], "fn_name": …}                                         APPS, TACO
    [{"input": …, "output": …, "testtype": "stdin" | "functional"}, …], LiveCodeBench
    {"cases": such a list, "metadata": {"func_name": …}}
    {"public_test_cases": …, "private_test_cases": …, "metadata": …}
    {"test_cases": [{"type": "stdin_stdout" | "function_call", "input": …, "output": …, "fn_name": …}, …]}
    {"verification_info": such a mapping}                                                 PrimeIntellect, open-r1

A string that holds JSON of one of these is one of these.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .literals import rewritten
from .suite import AssertTest, CallTest, StdioTest, Suite, Test

Layout = Mapping[str, Any]


def read_suite(tests: Any, entry: str | None = None) -> Suite:
    """The suite of one row; `entry` is a default for layouts that do not name it.

    Raises:
        ValueError: an unknown layout, no tests, or lists of different lengths. Never a guess.
    """
    try:
        return _read(_from_json(tests) if isinstance(tests, str) else tests, entry)
    except KeyError as error:
        raise ValueError(f"a layout of tests lacks the key {error}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a layout of tests holds the wrong type: {error}") from None


def _read(tests: Any, entry: str | None) -> Suite:
    if isinstance(tests, Suite):
        return tests
    if isinstance(tests, Mapping):
        for keys, read in MAPPINGS:
            if all(tests.get(key) is not None for key in keys):
                return read(tests, entry)
        raise ValueError(f"unknown layout of tests: a mapping with {', '.join(map(str, tests)) or 'no keys'}")
    if isinstance(tests, Sequence) and not isinstance(tests, bytes):
        return Suite(_read_list(tests, setup="", entry=entry), entry)
    raise ValueError(f"tests come as a list or a mapping, not as {type(tests).__name__}")


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"tests given as a string must be JSON: {text!r:.80}") from None


def _read_list(tests: Sequence[Any], setup: str, entry: str | None) -> tuple[Test, ...]:
    if all(isinstance(test, str) for test in tests):
        return tuple(rewritten(source, setup, entry) or AssertTest(source, setup) for source in tests)
    return tuple(_read_case(test, place) for place, test in enumerate(tests))


def _read_case(case: Any, place: int) -> Test:
    if isinstance(case, (StdioTest, CallTest, AssertTest)):
        return case
    if isinstance(case, Mapping):
        if "stdin" in case:
            return StdioTest(str(case["stdin"]), _accepted(case, "stdout", place), case.get("checker"))
        if "args" in case:
            accepted = _accepted(case, "expected", place)
            return CallTest(tuple(case["args"]), case.get("kwargs") or {}, accepted, case.get("checker"))
        if "input" in case and "output" in case:
            return _live_code_bench_case(case)
    raise ValueError(f"test {place} is none of the known kinds: {case!r:.120}")


def _accepted(case: Layout, key: str, place: int) -> tuple[Any, ...]:
    given = [name for name in (key, "any_of", "checker") if name in case]
    if len(given) != 1:
        raise ValueError(f"test {place} needs exactly one of {key!r}, 'any_of' and 'checker'; it has {given or 'none'}")
    if given == ["checker"]:
        if not callable(case["checker"]):
            raise ValueError(f"test {place}: a checker is a function, not {type(case['checker']).__name__}")
        return ()
    return tuple(case["any_of"]) if given == ["any_of"] else (case[key],)


def _nested(layout: Layout, entry: str | None) -> Suite:
    inner, setup = layout["tests"], layout.get("setup") or ""
    entry = layout.get("entry") or entry
    if isinstance(inner, Mapping):
        suite = read_suite({"setup": setup, **inner}, entry)
    else:
        suite = Suite(_read_list(inner, setup, entry), entry)
    return Suite(suite.tests, suite.entry, suite.prefix, layout.get("limits") or {}, layout.get("compare") or {})


def _asserts(layout: Layout, entry: str | None) -> Suite:
    entry = layout.get("entry") or entry
    return Suite(_read_list(layout["asserts"], layout.get("setup") or "", entry), entry)


def _source(layout: Layout, entry: str | None) -> Suite:
    return Suite((AssertTest(layout["source"], layout.get("setup") or ""),), layout.get("entry") or entry)


def _human_eval(layout: Layout, _entry: str | None) -> Suite:
    prompt = layout.get("prompt") or ""
    return Suite((AssertTest(layout["test"], setup=prompt),), layout["entry_point"], prefix=prompt)


def _mbpp(layout: Layout, entry: str | None) -> Suite:
    imports = layout.get("test_imports") or []
    setup = "\n".join([*imports, layout.get("test_setup_code") or ""]).strip()
    return Suite(_read_list(layout["test_list"], setup, entry), entry)


def _apps(layout: Layout, entry: str | None) -> Suite:
    inputs, outputs = layout["inputs"], layout["outputs"]
    if len(inputs) != len(outputs):
        raise ValueError(f"there are {len(inputs)} inputs but {len(outputs)} outputs")
    name = layout.get("fn_name") or entry
    if not name:
        return Suite(tuple(StdioTest(_lines(i), (_lines(o),)) for i, o in zip(inputs, outputs, strict=True)))
    return Suite(tuple(CallTest(tuple(i), accepted=_unwrapped(o)) for i, o in zip(inputs, outputs, strict=True)), name)


def _lines(text: Any) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text)


def _unwrapped(output: Any) -> tuple[Any, ...]:
    """APPS wraps some results in a list of one, and does not say which."""
    return (output, output[0]) if isinstance(output, list) and len(output) == 1 else (output,)


def _live_code_bench(layout: Layout, entry: str | None) -> Suite:
    cases: list[Any] = []
    for key in ("public_test_cases", "private_test_cases"):
        found = layout.get(key) or []
        cases += _maybe_packed(found) if isinstance(found, str) else found
    metadata = layout.get("metadata") or {}
    metadata = _from_json(metadata) if isinstance(metadata, str) else metadata
    return Suite(tuple(_read_case(case, place) for place, case in enumerate(cases)), metadata.get("func_name") or entry)


def _maybe_packed(text: str) -> Any:
    """JSON, or LiveCodeBench's packing of it (pickled text, compressed, base64), read without running the pickle."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_TextOnly(io.BytesIO(zlib.decompress(base64.b64decode(text)))).load())


class _TextOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(f"packed tests hold text, not {module}.{name}")


def _live_code_bench_case(case: Layout) -> Test:
    if case.get("testtype", "stdin") in ("stdin", "stdin_stdout"):
        return StdioTest(_lines(case["input"]), (_lines(case["output"]),))
    arguments = [_from_json(line) for line in str(case["input"]).split("\n") if line.strip()]
    return CallTest(tuple(arguments), accepted=(_from_json(str(case["output"])),))


def _with_metadata(layout: Layout, entry: str | None) -> Suite:
    return _live_code_bench({**layout, "public_test_cases": layout["cases"]}, entry)


def _prime_intellect(layout: Layout, entry: str | None) -> Suite:
    if (language := layout.get("language", "python")) not in ("python", "python3", None):
        raise ValueError(f"only Python programs can be judged, not {language!r}")
    cases = layout["test_cases"]
    names = {case["fn_name"] for case in cases if case.get("fn_name")}
    if len(names) > 1:
        raise ValueError(f"one program, one function: the test cases name {', '.join(sorted(names))}")
    tests = tuple(_prime_intellect_case(case, place) for place, case in enumerate(cases))
    return Suite(tests, next(iter(names), entry))


def _prime_intellect_case(case: Layout, place: int) -> Test:
    kind = case.get("type", "stdin_stdout")
    if kind == "stdin_stdout":
        return StdioTest(_lines(case["input"]), (_lines(case["output"]),))
    if kind == "function_call":
        return CallTest(tuple(case["input"]), accepted=_unwrapped(case["output"]))
    raise ValueError(f"test {place} has the unknown type {kind!r}")


def _verification_info(layout: Layout, entry: str | None) -> Suite:
    return read_suite(layout["verification_info"], entry)


MAPPINGS: tuple[tuple[tuple[str, ...], Callable[[Layout, str | None], Suite]], ...] = (
    (("tests",), _nested),
    (("test", "entry_point"), _human_eval),
    (("test_list",), _mbpp),
    (("inputs", "outputs"), _apps),
    (("input_output",), lambda layout, entry: read_suite(layout["input_output"], entry)),
    (("public_test_cases",), _live_code_bench),
    (("cases", "metadata"), _with_metadata),
    (("test_cases",), _prime_intellect),
    (("verification_info",), _verification_info),
    (("asserts",), _asserts),
    (("source",), _source),
)  # which keys, and who reads them; the first that fits
