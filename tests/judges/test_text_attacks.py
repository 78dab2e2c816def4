"""Texts that try to buy a verdict, to stop it, or to make it dear: each row of `text_attacks.jsonl` is held."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case_kinds.text_attack import check_row
from tests.cases import read_rows

ROWS = list(read_rows(Path(__file__).with_suffix("").with_name("text_attacks.jsonl")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_attack_fails(row):
    assert check_row(row) is None
