"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["grpo", *(f"objectives.{part}" for part in ("aggregate", "groups", "kl", "surrogate"))]
)
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"jurybox.trainers.{name}"))
    assert results.attempted
    assert results.failed == 0
