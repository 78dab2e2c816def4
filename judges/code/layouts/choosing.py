"""Which layout a row's tests are in: by its keys, or by a name that the caller gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..suite import Suite
from . import pairs, sources
from .unpacking import unpacked

Reader = Callable[[Mapping[str, Any], "str | None"], Suite]


class Layout(NamedTuple):
    """One layout: its name, the keys that show it, and who reads it."""

    name: str
    keys: tuple[str, ...]
    read: Reader


def _nested(layout: Mapping[str, Any], entry: str | None) -> Suite:
    """{"tests": any other layout, "entry", "setup", "limits", "compare"}."""
    inner, setup = unpacked(layout["tests"]), layout.get("setup") or ""
    entry = layout.get("entry") or entry
    if isinstance(inner, Mapping):
        suite = read({"setup": setup, **inner} if setup else inner, entry)
    elif _are_sources(inner):
        suite = Suite(sources.statements(inner, setup, sources.entry_of(entry)), sources.entry_of(entry))
    else:
        suite = read(inner, entry)
    return replace(suite, limits=layout.get("limits") or {}, compare=layout.get("compare") or {})


def _input_output(layout: Mapping[str, Any], entry: str | None) -> Suite:
    """{"input_output": "…"}: the column of APPS and TACO."""
    return read(unpacked(layout["input_output"]), entry)


def _ground_truth(layout: Mapping[str, Any], entry: str | None) -> Suite:
    """{"reward_model": {"ground_truth": "…"}}, or {"ground_truth": "…"}: Eurus, DeepCoder."""
    inner = layout["ground_truth"] if "ground_truth" in layout else unpacked(layout["reward_model"])["ground_truth"]
    return read(unpacked(inner), entry)


def _test_cases(layout: Mapping[str, Any], entry: str | None) -> Suite:
    """{"test_cases": […], "fn_name": …, "language": …}: SYNTHETIC-1 and -2, open-r1; of assert statements: AceCode."""
    if (language := layout.get("language") or "python") not in ("python", "python3"):
        raise ValueError(f"only Python programs can be judged, not {language!r}")
    tests, name = unpacked(layout["test_cases"]), pairs.name_of(layout) or entry
    if isinstance(tests, Mapping):
        return read({"fn_name": name, **tests}, entry)
    if tests and all(isinstance(test, str) for test in tests):
        return read(list(tests), name)
    return pairs.named(tuple(pairs.case(test, place) for place, test in enumerate(tests)), name)


def _verification_info(layout: Mapping[str, Any], entry: str | None) -> Suite:
    """{"verification_info": …}: the column of PrimeIntellect's and open-r1's sets."""
    return read(unpacked(layout["verification_info"]), entry)


LAYOUTS = (
    Layout("nested", ("tests",), _nested),
    Layout("eval_plus", ("base_input", "canonical_solution", "entry_point"), sources.eval_plus),
    Layout("human_eval", ("test", "entry_point"), sources.human_eval),
    Layout("leetcode", ("test", "entry_point", "prompt"), sources.human_eval),
    Layout("bigcodebench", ("test", "entry_point"), sources.human_eval),
    Layout("mbpp", ("test_list",), sources.mbpp),
    Layout("apps", ("inputs", "outputs"), pairs.two_lists),
    Layout("taco", ("input_output",), _input_output),
    Layout("live_code_bench", ("public_test_cases",), pairs.live_code_bench),
    Layout("cases", ("cases", "metadata"), pairs.with_metadata),
    Layout("codeforces", ("official_tests",), pairs.codeforces),
    Layout("code_contests", ("public_tests",), pairs.code_contests),
    Layout("code_contests", ("private_tests",), pairs.code_contests),
    Layout("code_contests", ("generated_tests",), pairs.code_contests),
    Layout("test_cases", ("test_cases",), _test_cases),
    Layout("synthetic", ("verification_info",), _verification_info),
    Layout("eurus", ("reward_model",), _ground_truth),
    Layout("deepcoder", ("ground_truth",), _ground_truth),
    Layout("asserts", ("asserts",), sources.asserts),
    Layout("source", ("source",), sources.source),
    Layout("exercism", ("files",), sources.folder),
    Layout("kodcode", ("test_code",), sources.test_file),
    Layout("kodcode", ("test",), sources.test_file),
    Layout("pairs", ("input", "output"), pairs.parallel),
)  # the first whose keys are all there
NAMES = tuple(dict.fromkeys(layout.name for layout in LAYOUTS))


def read_suite(tests: Any, entry: str | None = None, layout: str | None = None) -> Suite:
    """The suite of one row; `entry` is a default for layouts that do not name it, `layout` one of `NAMES`.

    Raises:
        ValueError: an unknown layout, no tests, or lists of different lengths. Never a guess.
    """
    try:
        return read(unpacked(tests), entry, layout)
    except KeyError as error:
        raise ValueError(f"a layout of tests lacks the key {error}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a layout of tests holds the wrong type: {error}") from None


def read(tests: Any, entry: str | None, name: str | None = None) -> Suite:
    """As `read_suite`, of values that are unpacked."""
    if isinstance(tests, Suite):
        return tests
    if name is not None:
        tests = _keyed(tests, name)
    if isinstance(tests, Mapping):
        return _chosen(tests, name).read(tests, entry)
    if isinstance(tests, Sequence) and not isinstance(tests, (bytes, str)):
        if _are_sources(tests):
            return Suite(sources.statements(tests, "", sources.entry_of(entry)), sources.entry_of(entry))
        return pairs.cases(tests, entry)
    raise ValueError(f"tests come as a list or a mapping, not as {type(tests).__name__}")


def _keyed(tests: Any, name: str) -> Mapping[str, Any]:
    """The mapping that a layout is; what stands in its only column gets the name of that column.

    >>> _keyed(["assert f(1)"], "mbpp")
    {'test_list': ['assert f(1)']}
    """
    forms = [layout.keys for layout in LAYOUTS if layout.name == name]
    if isinstance(tests, Mapping) and (sources.is_folder(tests) or any(tests.keys() >= {*keys} for keys in forms)):
        return tests
    if len(forms[0]) > 1:
        raise ValueError(f"tests in the layout {name!r} are a mapping with {', '.join(forms[0])}")
    return {forms[0][0]: tests["source"] if isinstance(tests, Mapping) and tests.keys() == {"source"} else tests}


def _are_sources(tests: Any) -> bool:
    return isinstance(tests, Sequence) and not isinstance(tests, str) and all(isinstance(test, str) for test in tests)


def _chosen(tests: Mapping[str, Any], name: str | None) -> Layout:
    for layout in LAYOUTS:
        if name in (None, layout.name) and all(tests.get(key) is not None for key in layout.keys):
            return layout
    if name in (None, "exercism") and sources.is_folder(tests):
        return Layout("exercism", (), sources.folder)
    told = ", ".join(map(str, tests)) or "no keys"
    if name is not None:
        raise ValueError(f"tests in the layout {name!r} look different: they are a mapping with {told}")
    raise ValueError(f"unknown layout of tests: a mapping with {told}")
