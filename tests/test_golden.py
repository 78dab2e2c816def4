"""The golden numbers of the papers that are here so far, and the runner itself: it must see what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.golden import adapters as adapters_package
from tests.golden import runner
from tests.golden.__main__ import main
from tests.golden.case import Case

HERE = Path(runner.__file__).parent
FILES = sorted(HERE.glob("*.json"))
PAPERS = [path for path in FILES if runner.adapters_of(path.stem) is not None]


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_gives_its_golden_numbers(path: Path) -> None:
    assert runner.run_file(path).failed == []


def test_every_adapter_module_belongs_to_a_golden_file() -> None:
    modules = {path.stem for path in Path(adapters_package.__file__).parent.glob("[!_]*.py")}
    assert modules == {path.stem.replace("-", "_") for path in PAPERS}


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_every_adapter_is_of_a_function_in_the_file(path: Path) -> None:
    module = runner.adapters_of(path.stem)
    assert module is not None
    assert module.FUNCTIONS.keys() <= {case["function"] for case in json.loads(path.read_text())["cases"]}


# The runner, against small functions whose numbers are known.


def squares(case: Case) -> dict[str, Tensor]:
    x = case.tensor("x")
    return {"y": x**2, "loss": (x**2).sum(), "other": (3 * x).sum()}


def check(expected: Any, adapter: runner.Adapter = squares, tolerance: float = 1e-9, **settings: Any) -> str:
    inputs = {"x": [1.0, -2.0], "unused": [0.0]}
    data = {"name": "case", "function": "f", "inputs": inputs, "expected": expected, "tolerance": tolerance}
    module = ModuleType("adapters")
    vars(module).update(settings)
    return runner.check(Case(data), adapter, module)


def says(value: Any) -> runner.Adapter:
    return lambda case: {"value": value}


RIGHT = [
    {"y": [1, 4], "loss": 5},
    {"loss": 5.0, "grad_x": [2.0, -4.0]},
    {"grad_other_wrt_x": [3.0, 3.0]},
    {"loss": 5 + 4e-9},  # within 1e-9 · max(1, 5)
]
WRONG = [
    ({"y": [1.0, 4.1]}, "y[1]: 4.0 instead of 4.1, error 0.1"),
    ({"y": [1.5, 4.1]}, "y[0]: 1.0 instead of 1.5, error 0.5, tolerance 1e-09 (and 1 more)"),
    ({"loss": 5 + 6e-9}, "error 6e-09"),
    ({"y": [1.0]}, "2 values instead of 1"),
    ({"y": 1.0}, "y: [1.0, 4.0] instead of 1.0"),
    ({"loss": [5.0]}, "5.0 instead of 1 values"),
    ({"loss": "nan"}, "instead of nan, error inf"),
    ({"loss": "inf"}, "instead of inf, error inf"),
    ({"loss": None}, "instead of None"),
    ({"z": 1.0}, "z: missing"),
    ({"grad_x": [2.0, 4.0]}, "grad_x[1]: -4.0 instead of 4.0, error 8"),
    ({"grad_y_wrt_x": [0.0, 0.0]}, "raised RuntimeError"),
    ({"grad_unused": [0.0]}, "the adapter takes no tensor 'unused'"),
]


@pytest.mark.parametrize("expected", RIGHT, ids=str)
def test_right_numbers_pass(expected: dict[str, Any]) -> None:
    assert check(expected) == ""


@pytest.mark.parametrize(("expected", "words"), WRONG, ids=str)
def test_wrong_numbers_are_told(expected: dict[str, Any], words: str) -> None:
    assert words in check(expected)


@pytest.mark.parametrize(
    ("got", "expected", "right"),
    [
        (math.nan, "nan", True),
        (0.0, "nan", False),
        (math.inf, "inf", True),
        (-math.inf, "inf", False),
        (-math.inf, "-inf", True),
        (torch.tensor([math.nan, math.inf]), ["nan", "inf"], True),
        (math.nan, 1.0, False),
        (math.inf, 1.0, False),
        (None, None, True),
        (math.nan, None, False),
        (0, None, False),
        ((1, None, "a"), [1, None, "a"], True),
        ("a", "b", False),
        (torch.tensor([True, False]), [1, 0], True),
        ({"a": {"b": torch.tensor(1.0)}}, {"a": {"b": 1}}, True),
        ({"a": {"b": torch.tensor(1.0)}}, {"a": {"b": 2}}, False),
        (1, {"a": 1}, False),
    ],
)
def test_values_of_every_kind(got: Any, expected: Any, right: bool) -> None:
    assert (check({"value": expected}, says(got)) == "") is right


def test_large_numbers_are_compared_relatively() -> None:
    assert check({"value": 1e12}, says(1e12 + 500)) == ""
    assert check({"value": 1e12}, says(1e12 + 2000)) != ""
    assert check({"value": 1.0}, says(1.0 + 1e-16), tolerance=0.0) == ""


def test_ties_compare_as_sets() -> None:
    expected = {"value": [{"picked": [[1.0, 2.0], [3.0, 4.0]]}]}
    swapped = says([{"picked": torch.tensor([[3.0, 4.0], [1.0, 2.0]])}])
    assert check(expected, swapped) != ""
    assert check(expected, swapped, UNORDERED={"picked"}) == ""
    for wrong in ([[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], None):
        assert check(expected, says([{"picked": wrong}]), UNORDERED={"picked"}) != ""


def test_informative_keys_may_be_absent_but_not_wrong() -> None:
    assert check({"hint": 1.0}, says(1.0), INFORMATIVE={"hint"}) == ""
    assert check({"value": 2.0}, says(1.0), INFORMATIVE={"value"}) != ""


@pytest.mark.parametrize("expected", ["ValueError", {"error": "ValueError"}, {"raises": "x is empty"}], ids=str)
def test_an_expected_error(expected: Any) -> None:
    def refuses(case: Case) -> Mapping[str, Any]:
        raise ValueError("x must not be empty")

    def breaks(case: Case) -> Mapping[str, Any]:
        raise IndexError("x")

    assert check(expected, refuses) == ""
    assert "expected a ValueError, got" in check(expected, says(1.0))
    assert "raised IndexError: x" in check(expected, breaks)


def test_an_error_must_name_the_argument_that_the_case_names() -> None:
    def refuses(case: Case) -> Mapping[str, Any]:
        raise ValueError("beta must be positive")

    assert check({"error": "ValueError", "argument": "beta"}, refuses) == ""
    assert "does not name the argument 'rho'" in check({"error": "ValueError", "argument": "rho"}, refuses)

    renamed = SimpleNamespace(RENAMED={"inverse_temperature": "beta"})
    case = Case(
        {"name": "n", "function": "f", "inputs": {}, "expected": {"error": True, "argument": "inverse_temperature"}}
    )
    assert runner.check(case, refuses, renamed) == ""  # type: ignore[arg-type]


def test_an_unexpected_error_is_a_failure() -> None:
    def refuses(case: Case) -> Mapping[str, Any]:
        raise ValueError("no")

    assert check({"loss": 1.0}, refuses) == "raised ValueError: no"


def test_gradients_by_other_names_and_of_other_numbers() -> None:
    def cost(case: Case) -> dict[str, Tensor]:
        x = case.tensor("signals", "x", gradient="z")
        return {"cost": (x * case.tensor("weights")).sum(), "count": torch.tensor(2.0)}

    data = {
        "name": "n",
        "function": "f",
        "inputs": {"signals": {"x": [1.0, 2.0]}, "weights": [3.0, 5.0]},
        "expected": {"cost": 13.0, "grad_z": [3.0, 5.0], "grad_cost_wrt_weights": [1.0, 2.0]},
    }
    assert runner.check(Case(data), cost) == ""


def test_an_input_without_influence_has_gradient_zero() -> None:
    def constant(case: Case) -> dict[str, Tensor]:
        case.tensor("unused")
        return {"loss": case.tensor("x").sum()}

    assert check({"grad_unused": [0.0], "grad_x": [1.0, 1.0]}, constant) == ""


def test_inputs_as_adapters_see_them() -> None:
    inputs = {"rewards": [1.0, None, "inf"], "ids": ["q", "p", "q"], "text": ["nan", "x"]}
    case = Case({"name": "n", "function": "f", "inputs": inputs, "expected": {}})
    assert case.tensor("rewards").tolist()[::2] == [1.0, math.inf]
    assert case.tensor("rewards")[1].isnan()
    assert case.ids("ids").tolist() == [0, 1, 0]
    assert case["rewards"] == [1.0, None, math.inf]


# The command.


def write(path: Path, paper: str, cases: list[dict[str, Any]]) -> str:
    path.write_text(json.dumps({"paper": paper, "cases": cases}))
    return str(path)


def test_the_last_line_and_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((HERE / "hapo.json").read_text())
    case = next(case for case in document["cases"] if case["function"] == "grpo_advantage")
    wrong = {**case, "name": "wrong", "expected": {"advantages": [0.0, 0.0, 0.0, 0.0]}}
    unknown = {**case, "function": "nothing_of_ours"}
    runs = [
        ([case], "1 passed, 0 failed, 0 unmapped", 0),
        ([case, wrong], "1 passed, 1 failed, 0 unmapped", 1),
        ([case, unknown, unknown], "1 passed, 0 failed, 2 unmapped", 1),
    ]
    for cases, last, status in runs:
        assert main([write(tmp_path / "renamed.json", document["paper"], cases)]) == status
        *lines, final = capsys.readouterr().out.splitlines()
        assert final == last
        assert len(lines) == status


def test_files_add_up_and_papers_without_adapters_are_unmapped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = {"name": "n", "function": "f", "inputs": {}, "expected": {}}
    files = [write(tmp_path / f"{name}.json", f"A new paper {name}", [case]) for name in ("a", "b")]
    assert main(files) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a.json: unmapped: f (1)",
        "b.json: unmapped: f (1)",
        "0 passed, 0 failed, 2 unmapped",
    ]


def test_a_file_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("[]")
    assert main([str(tmp_path / "a.json")]) == 2
    assert main([str(tmp_path / "nothing.json")]) == 2
    assert "holds no golden cases" in capsys.readouterr().err
