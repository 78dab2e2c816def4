"""Runs golden cases through the adapters.

An adapter module `adapters/SLUG.py` holds

    FUNCTIONS = {"ngrpo_loss": ngrpo_loss, …}     function of the golden file -> adapter
    INFORMATIVE = {"official_surrogate_value"}    expected keys that nobody has to give (optional)
    UNORDERED = {"selected"}                      expected keys whose lists compare as sets, for ties (optional)
    RENAMED = {"lambda": "lam"}                   arguments that have another name here, which messages use (optional)

and an adapter takes a `Case` and gives a mapping with the expected keys. It renames and reshapes, nothing else. Of
gradients it gives none: `grad_X` is the derivative of its `loss` (or of its only differentiable number) by
`case.tensor("X")`, and `grad_Y_wrt_X` that of its `Y`.
"""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from .case import Case
from .compare import Difference, differences

HERE = Path(__file__).parent
ADAPTERS = f"{__package__}.adapters"
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
Adapter = Callable[[Case], Mapping[str, Any]]


@dataclass
class Outcome:
    """How the cases of some files went.

    Attributes:
        failed: a sentence for each case that fails.
        unmapped: how many cases there are of each function that has no adapter.
    """

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Outcome) -> Outcome:
        self.passed += other.passed
        self.failed += other.failed
        self.unmapped += other.unmapped
        return self

    def lines(self, file: str) -> Iterator[str]:
        """What to print about a file."""
        for sentence in self.failed:
            yield f"{file}: {sentence}"
        if self.unmapped:
            yield f"{file}: unmapped: " + ", ".join(f"{name} ({count})" for name, count in self.unmapped.items())


def run_file(path: Path) -> Outcome:
    """Run all cases of a file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    adapters = adapters_of(slug(document["paper"], path))
    outcome = Outcome()
    for data in document["cases"]:
        case = Case(data)
        adapter = getattr(adapters, "FUNCTIONS", {}).get(case.function)
        if adapter is None:
            outcome.unmapped[case.function] += 1
        elif shortcoming := check(case, adapter, adapters):
            outcome.failed.append(f"{case.name} ({case.function}): {shortcoming}")
        else:
            outcome.passed += 1
    return outcome


def slug(paper: str, path: Path) -> str:
    """The short name of a paper: that of the golden file here with the same arXiv number, else the file's own name."""
    number = ARXIV.search(paper)
    return _slugs().get(number[0] if number else "", path.stem)


@cache
def _slugs() -> dict[str, str]:
    papers = {path.stem: json.loads(path.read_text(encoding="utf-8"))["paper"] for path in sorted(HERE.glob("*.json"))}
    return {number[0]: name for name, paper in papers.items() if (number := ARXIV.search(paper))}


def adapters_of(name: str) -> ModuleType | None:
    """The adapter module of a paper, or None when there is none yet."""
    module = f"{ADAPTERS}.{name.replace('-', '_')}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


def check(case: Case, adapter: Adapter, adapters: ModuleType | None = None) -> str:
    """What is wrong with a case, or "" when it passes."""
    try:
        wanted = expected_error(case.expected)
        if wanted is not None:
            return _check_error(case, adapter, wanted, getattr(adapters, "RENAMED", {}))
        return _check_numbers(case, adapter, adapters)
    except Exception as error:  # whatever a function raises is its shortcoming
        return f"raised {type(error).__name__}: {error}"


def expected_error(expected: Any) -> Mapping[str, Any] | None:
    """What a case says about the error it expects, or None when it expects numbers."""
    if isinstance(expected, str):
        return {"error": expected}
    if isinstance(expected, Mapping) and isinstance(expected.get("error", expected.get("raises")), (str, bool)):
        return expected
    return None


def _check_error(case: Case, adapter: Adapter, wanted: Mapping[str, Any], renamed: Mapping[str, str]) -> str:
    try:
        got = adapter(case)
    except ValueError as error:
        argument = str(wanted.get("argument", ""))
        names = (argument, renamed.get(argument, argument))
        named = any(name in str(error) for name in names) if argument else str(error)
        return "" if named else f"the message {str(error)!r} does not name the argument {argument!r}"
    return f"expected a ValueError, got {dict(got)!r:.80}"


def _check_numbers(case: Case, adapter: Adapter, adapters: ModuleType | None) -> str:
    got = dict(adapter(case))
    informative: Set[str] = getattr(adapters, "INFORMATIVE", frozenset())
    expected = {key: value for key, value in case.expected.items() if key not in informative or key in got}
    for key in expected.keys() - got.keys():
        if key.startswith("grad_"):
            got[key] = gradient(case, got, key)
    found = list(differences(got, expected, case.tolerance, getattr(adapters, "UNORDERED", frozenset())))
    return _told(found, case.tolerance) if found else ""


def _told(found: list[Difference], tolerance: float) -> str:
    worst = max(found, key=lambda difference: difference.error)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{worst.path}: {worst.told}, error {worst.error:.3g}, tolerance {tolerance:g}{more}"


def gradient(case: Case, got: Mapping[str, Any], key: str) -> Tensor:
    """The gradient that an expected key `grad_X` or `grad_Y_wrt_X` means; 0 for an input that has no influence."""
    output, wrt, name = key.removeprefix("grad_").rpartition("_wrt_")
    value = got[output] if wrt else _loss(got)
    leaf = case.leaves.get(name)
    if leaf is None:
        raise LookupError(f"the adapter takes no tensor {name!r}, so {key} is unknown")
    (slope,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True)
    return torch.zeros_like(leaf) if slope is None else slope


def _loss(got: Mapping[str, Any]) -> Tensor:
    if "loss" in got:
        loss: Tensor = got["loss"]
        return loss
    numbers = [value for value in got.values() if isinstance(value, Tensor) and value.ndim == 0 and value.requires_grad]
    if len(numbers) != 1:
        raise LookupError(f"which of {', '.join(got)} is differentiated? The adapter gives no 'loss'")
    return numbers[0]
