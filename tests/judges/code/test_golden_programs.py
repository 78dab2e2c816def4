"""The honest and the hostile programs of `tests/golden`, and more hostile ones that lie beside this file, by the same
checks as `python -m tests.cases`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.case_kinds import code_benign, code_hostile

GOLDEN = Path(__file__).parents[2] / "golden"
AS_NOBODY = """
import os, sys
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
os.execv(sys.argv[1], sys.argv[1:])
"""


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


@pytest.fixture
def unprivileged():
    """A command that starts an interpreter as another user; tests are already run by one where this is not root."""
    if os.getuid() != 0:
        pytest.skip("not run by root: the other tests are the unprivileged ones")
    interpreter = os.environ.get("JURYBOX_PUBLIC_PYTHON") or shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if not interpreter:
        pytest.skip("no interpreter that every user can read: name one in JURYBOX_PUBLIC_PYTHON")
    return [sys.executable, "-c", AS_NOBODY, interpreter]


STEALING = ("read_parent_cmdline_and_environ", "read_expected_file", "gc_hunt_for_expected", "kill_the_judge")


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in rows("code_hostile.jsonl") if row.id in STEALING])
def test_the_most_dangerous_ones_as_an_unprivileged_user(row, unprivileged, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "typings"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert code_hostile.check_row(row, command=unprivileged) is None


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in rows("code_hostile.jsonl") if row.id in STEALING])
@pytest.mark.parametrize(
    "without", [["landlock"], ["namespaces"], ["landlock", "namespaces"], ["privileges"]], ids=" ".join
)
def test_the_most_dangerous_ones_with_a_layer_missing(row, without):
    assert code_hostile.check_row(row, {"without": without}) is None
