"""Tests that are Python source: statements, files of pytest and unittest, HumanEval, LeetCode, MBPP, EvalPlus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..literals import rewritten
from ..suite import AssertTest, Suite, Test
from .unpacking import unpacked

Layout = Mapping[str, Any]
TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test|tests)\.py")
PROMPTS = ("prompt", "complete_prompt", "code_prompt")


def statements(sources: Sequence[str], setup: str, entry: str | None) -> tuple[Test, ...]:
    """One test a source; an assert of literals becomes a call."""
    return tuple(rewritten(source, setup, entry) or AssertTest(source, setup) for source in sources)


def entry_of(name: str | None) -> str | None:
    """LeetCode says `Solution().f`, the judge `Solution.f`."""
    return name.replace("()", "") if name else name


def source(layout: Layout, entry: str | None) -> Suite:
    """{"source": …, "setup": …}: one test, which may be a whole file of pytest or unittest."""
    return Suite((AssertTest(layout["source"], layout.get("setup") or ""),), entry_of(layout.get("entry") or entry))


def human_eval(layout: Layout, _entry: str | None) -> Suite:
    """{"test": …, "entry_point": …, "prompt": …}: HumanEval and HumanEval+, LeetCodeDataset, BigCodeBench."""
    prompt = next((layout[key] for key in PROMPTS if layout.get(key)), "")
    entry = entry_of(layout["entry_point"])
    if not isinstance(layout["test"], str):
        return Suite(statements(layout["test"], _closed(prompt), entry), entry, prefix=prompt)
    return Suite((AssertTest(layout["test"], _closed(prompt)),), entry, prefix=prompt)


def _closed(prompt: str) -> str:
    """A prompt as source of its own: where it ends in the head of a function, the function is without a body."""
    for attempt in (prompt, f"{prompt}\n    pass\n"):
        try:
            compile(attempt, "<prompt>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        return attempt
    return ""  # a task told in words


def test_file(layout: Layout, entry: str | None) -> Suite:
    """{"test": …} or {"test_code": …}: KodCode's and exercism's, which import what they test."""
    text = layout.get("test_code") or layout["test"]
    if not isinstance(text, str):
        raise ValueError(f"a file of tests is text, not {type(text).__name__}")
    return Suite((AssertTest(text),), entry_of(entry))


def folder(layout: Layout, entry: str | None) -> Suite:
    """{"files": {"bob_test.py": …}} or the files themselves: an exercise of exercism, its test files only."""
    files = unpacked(layout["files"]) if "files" in layout else layout
    tests = [text for name, text in files.items() if TEST_FILE.fullmatch(name)]
    if not tests:
        raise ValueError(f"no file of tests (test_….py, …_test.py) among {', '.join(map(str, files))}")
    return Suite(tuple(AssertTest(text) for text in tests), entry)


def is_folder(layout: Layout) -> bool:
    """Whether the keys are the names of files."""
    return bool(layout) and all(isinstance(key, str) and "." in key for key in layout)


def mbpp(layout: Layout, entry: str | None) -> Suite:
    """{"test_list": […], "test_setup_code": …, "test_imports": […]}: MBPP; with "test", a file of many: MBPP+."""
    imports = unpacked(layout.get("test_imports") or [])
    setup = "\n".join([*imports, layout.get("test_setup_code") or ""]).strip()
    if isinstance(layout.get("test"), str):
        return Suite((AssertTest(layout["test"], setup),), entry)
    return Suite(statements(unpacked(layout["test_list"]), setup, entry), entry)


def asserts(layout: Layout, entry: str | None) -> Suite:
    """{"asserts": […], "setup": …}."""
    entry = entry_of(layout.get("entry") or entry)
    return Suite(statements(layout["asserts"], layout.get("setup") or "", entry), entry)


EVAL_PLUS = """
{reference}

def check(candidate):
    from copy import deepcopy
    from math import isclose

    def same(got, wanted):
        if isinstance(wanted, float) and not isinstance(got, bool) and isinstance(got, (int, float)):
            near = isclose(got, wanted, rel_tol=1e-7, abs_tol={atol!r})
            return got == wanted or near or got != got and wanted != wanted
        if isinstance(wanted, (list, tuple)) and type(got) is type(wanted):
            return len(got) == len(wanted) and all(map(same, got, wanted))
        if isinstance(wanted, dict) and isinstance(got, dict):
            return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in wanted)
        return got == wanted

    for arguments in {inputs!r}:
        assert same(candidate(*deepcopy(arguments)), {entry}(*deepcopy(arguments))), "another result"
"""


def eval_plus(layout: Layout, entry: str | None) -> Suite:
    """{"base_input": […], "plus_input": […], "canonical_solution": …, …}: EvalPlus's own files.

    They hold no results: the reference, which is trusted, runs beside the program and says what they are.
    """
    name = str(layout["entry_point"] or entry)
    inputs = [*unpacked(layout["base_input"]), *unpacked(layout.get("plus_input") or [])]
    text = EVAL_PLUS.format(
        reference=f"{layout['prompt']}{layout['canonical_solution']}",
        atol=float(layout.get("atol") or 0), inputs=inputs, entry=name,
    )  # fmt: skip
    return Suite((AssertTest(text),), name, prefix=layout["prompt"])
