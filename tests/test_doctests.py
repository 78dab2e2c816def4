"""Every example is true: in docstrings, in the README, in docs/."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("judges", "rewards", "trainers", "benchmarks", "cli")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def modules() -> list[str]:
    """The modules that have examples."""
    found = []
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"jurybox.{package}."):
            source = ROOT.joinpath(*module.name.split(".")[1:])
            source = source / "__init__.py" if module.ispkg else source.with_suffix(".py")
            if ">>> " in source.read_text():
                found.append(module.name)
    return found


def test_there_are_examples():
    assert len(modules()) > 10


@pytest.mark.parametrize("name", modules())
def test_docstrings(name):
    assert not doctest.testmod(importlib.import_module(name)).failed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a run folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = doctest.testfile(str(page), module_relative=False)
    assert not results.failed
