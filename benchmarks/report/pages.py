"""Writes what was measured into the documentation: each paper's own page, and one page of all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import store, table
from .index import index_page
from .store import Document

BESIDE = ("control",)  # pages of what is no paper
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def write_pages(docs: Path, results: Path, papers: Mapping[str, str]) -> list[Path]:
    """Make the results part of `docs/papers/SLUG.md`, all of `docs/results.md` and the index of papers anew.

    papers: name -> title. Returns the pages that were written.
    """
    found = {name: documents(results, name) for name in papers}
    written = []
    for name, measured in found.items():
        page = docs / "papers" / f"{name}.md"
        if measured and page.exists():
            page.write_text(with_results(page.read_text(encoding="utf-8"), measured, page, results), encoding="utf-8")
            written.append(page)
    for name in BESIDE:
        page, measured = docs / f"{name}.md", documents(results, name)
        if measured and page.exists():
            page.write_text(with_results(page.read_text(encoding="utf-8"), measured, page, results), encoding="utf-8")
            written.append(page)
    overview = docs / "results.md"
    overview.write_text(results_page({name: m for name, m in found.items() if m}, papers), encoding="utf-8")
    index = docs / "papers" / "README.md"
    index.write_text(index_page(docs.absolute().parent), encoding="utf-8")
    return [*written, overview, index]


def documents(results: Path, paper: str) -> list[Document]:
    """The documents of a paper's experiments, its main one first."""
    paths = sorted({results / f"{paper}.json", *results.glob(f"{paper}-*.json")} & set(results.glob("*.json")))
    return sorted(map(store.load, paths), key=lambda document: document["experiment"] != paper)


def with_results(text: str, measured: Sequence[Document], page: Path, results: Path) -> str:
    """The page's text with what stands between its two marks replaced.

    Raises:
        ValueError: the page has no such marks.
    """
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{page} needs the lines {BEGIN} and {END}, between which the results go")
    picture = f"{os.path.relpath(results, page.parent)}/{page.stem}.png"
    sections = (section(document, picture if document["experiment"] == page.stem else None) for document in measured)
    body = "\n\n".join(sections)
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def section(document: Document, picture: str | None) -> str:
    """Title, budget, table and claims of one experiment, and of the paper's main one the picture."""
    parts = [
        f"**{document['title']}** ({document['steps']} {document['step_name']} an arm, mean over seeds ± standard "
        "deviation)",
        table.markdown(document),
        table.markdown_claims(document),
        f"![{document['title']}]({picture})" if picture else "",
    ]
    return "\n\n".join(part for part in parts if part)


def results_page(found: Mapping[str, Sequence[Document]], papers: Mapping[str, str]) -> str:
    """The page of all results: what was claimed, and on how many seeds it held."""
    lines = [
        "# Results",
        "",
        "Made by `python -m jurybox.benchmarks --pages docs` from the JSON files in `benchmarks/results/`; nothing",
        "here is typed. Every experiment gives its arms the same seeds and the same budget. Tables and curves are on",
        "each paper's page.",
        "",
    ]
    for name, measured in found.items():
        lines += [f"## [{name}](papers/{name}.md)", "", papers[name], ""]
        for document in measured:
            lines += [f"{document['title']}:", "", *_held(document), ""]
    return "\n".join(lines).rstrip() + "\n"


def _held(document: Document) -> list[str]:
    told = table.markdown_claims(document)
    return told.splitlines() if told else ["- no claim is made about it"]
