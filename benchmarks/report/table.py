"""The table of an experiment and its claims, for the terminal and for a page. Everything comes from the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .store import Document


def headings(document: Document) -> list[str]:
    """Of the columns: the arm, how many seeds its line rests on, each measure."""
    return ["", "seeds", *(measure["title"] for measure in document["measures"].values())]


def lines(document: Document) -> Iterator[list[str]]:
    """One line an arm, mean over seeds ± standard deviation, below one for the start where runs tell of it."""
    runs = document["runs"]
    starts = list({run["seed"]: run["start"] for run in runs if run["start"]}.values())
    if starts:
        yield ["before training", str(len(starts)), *_cells(document, starts)]
    for arm, label in document["arms"].items():
        if finals := [run["final"] for run in runs if run["arm"] == arm]:
            yield [label, str(len(finals)), *_cells(document, finals)]


def claims(document: Document) -> list[tuple[str, int, int]]:
    """(text, on how many seeds it held, of how many)."""
    judged = [claim for claim in document["claims"] if claim["held"]]  # not those about arms that did not run
    return [(claim["text"], sum(claim["held"].values()), len(claim["held"])) for claim in judged]


def terminal(document: Document) -> Table:
    """The table with rich."""
    shown = Table(title=document["title"], title_justify="left", box=SIMPLE_HEAD)
    for place, heading in enumerate(headings(document)):
        shown.add_column(
            heading.replace(": ", ":\n"), justify="right" if place else "left", min_width=None if place else 20
        )
    for line in lines(document):
        shown.add_row(*line)
    return shown


def markdown(document: Document) -> str:
    """The table in Markdown."""
    heads = headings(document)
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)], *lines(document)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def markdown_claims(document: Document) -> str:
    """A list of the claims with the seeds on which each held."""
    return "\n".join(f"- {text}: {_told(held, seeds)}" for text, held, seeds in claims(document))


def _told(held: int, seeds: int) -> str:
    return f"yes, on all {seeds} seeds" if held == seeds else f"**on {held} of {seeds} seeds**"


def _cells(document: Document, numbers: Sequence[dict[str, float | None]]) -> list[str]:
    return [
        spread([value for row in numbers if (value := row.get(name)) is not None], measure["format"])
        for name, measure in document["measures"].items()
    ]


def spread(values: Sequence[float], form: str) -> str:
    """Mean ± standard deviation.

    >>> spread([0.25, 0.75], ".2f"), spread([0.5], ".1%"), spread([], ".2f")
    ('0.50 ± 0.35', '50.0%', '')
    """
    if not values:
        return ""
    mean = format(fmean(values), form)
    return f"{mean} ± {format(stdev(values), form.lstrip('+'))}" if len(values) > 1 else mean
