"""The honest and the hostile programs of `tests/golden`, and more hostile ones that lie beside this file, by the same
checks as `python -m tests.cases`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.case_kinds import code_benign, code_hostile

GOLDEN = Path(__file__).parents[2] / "golden"


def rows(name, folder=GOLDEN):
    lines = (folder / name).read_text().splitlines()
    return [pytest.param(row, id=row["name"]) for row in map(json.loads, lines)]


@pytest.mark.parametrize("row", rows("code_benign.jsonl"))
def test_honest_programs(row):
    assert code_benign.check_row(row) is None


@pytest.mark.slow
@pytest.mark.parametrize("row", rows("code_hostile.jsonl"))
def test_hostile_programs(row):
    assert code_hostile.check_row(row) is None


@pytest.mark.slow
@pytest.mark.parametrize("row", rows("hostile_programs.jsonl", Path(__file__).parent))
def test_hostile_programs_of_a_red_team(row):
    if row.get("options", {}).get("preload"):
        pytest.importorskip("numpy")
    assert code_hostile.check_row(row) is None


STEALING = ("read_parent_cmdline_and_environ", "read_expected_file", "gc_hunt_for_expected", "kill_the_judge")


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in rows("code_hostile.jsonl") if row.id in STEALING])
def test_the_most_dangerous_ones_as_an_unprivileged_user(row, unprivileged):
    assert code_hostile.check_row(row, command=unprivileged) is None


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in rows("code_hostile.jsonl") if row.id in STEALING])
@pytest.mark.parametrize(
    "without", [["landlock"], ["namespaces"], ["landlock", "namespaces"], ["privileges"]], ids=" ".join
)
def test_the_most_dangerous_ones_with_a_layer_missing(row, without):
    assert code_hostile.check_row(row, {"without": without}) is None
