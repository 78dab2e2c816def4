"""The index of papers is up to date, finds every part, and no page names a file that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jurybox.benchmarks.report.index import entries, index_page

ROOT = Path(__file__).parents[3]
PAPERS = entries(ROOT)


def test_the_index_is_that_of_the_tree() -> None:
    written = (ROOT / "docs" / "papers" / "README.md").read_text(encoding="utf-8")
    assert written == index_page(ROOT), "run python -m jurybox.benchmarks --pages docs"


def test_every_trainer_and_every_benchmark_is_in_it() -> None:
    slugs = {paper.slug.replace("-", "_") for paper in PAPERS}
    trainers = {path.stem for path in (ROOT / "trainers" / "papers").glob("[!_]*")}
    assert slugs == trainers == {path.parent.name for path in (ROOT / "benchmarks" / "papers").glob("*/experiments.py")}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.slug)
def test_a_paper_has_its_parts(paper) -> None:
    assert len(paper.files["trainer"]) == len(paper.files["benchmark"]) == 1
    assert f"tests/golden/{paper.slug}.json" in paper.files["tests"]
    assert any(path.startswith("tests/trainers/papers/") for path in paper.files["tests"])


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_files_that_a_page_names_are_there(page) -> None:
    named = re.findall(r"`((?:judges|rewards|trainers|benchmarks|cli|tests)/[\w/.-]+(?:\.\w+|/))`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []
