"""The picture of an experiment: its curves over steps, seeds thin and their mean thick; bars where it has no curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..playground.plot import COLOURS, FAINT, INK
from ..playground.small_png import save_figure
from .store import Document

DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (3, 2, 1, 2)))  # so that colours repeat with another dash
BASELINE = "#777777"


def save_picture(document: Document, path: Path) -> None:
    """Write the figure as PNG; no display is needed, and no global matplotlib state is changed."""
    curves = [name for name, measure in document["measures"].items() if measure["curve"] and _has_curve(document, name)]
    panels = curves or list(document["measures"])
    with matplotlib.rc_context({"font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(1.2 + 4.4 * len(panels), 4.6), dpi=150, layout="constrained")
        for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            (_draw_curves if curves else _draw_finals)(axes, document, name)
            axes.set_title(document["measures"][name]["title"], loc="left", color=INK)
        figure.suptitle(_title(document), fontsize=12, color=INK)
        if shown := _legend(figure, document):
            columns = min(len(shown), 2 * len(panels))
            figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=columns, frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def _legend(figure: Figure, document: Document) -> dict[str, Artist]:
    """A handle for each arm that some panel shows, in the order of the arms."""
    handles = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    return {label: handles[label] for label in document["arms"].values() if label in handles}


def _title(document: Document) -> str:
    seeds = len({run["seed"] for run in document["runs"]})
    return f"{document['title']}\n{seeds} seed{'s' if seeds > 1 else ''}, {document['steps']} {document['step_name']}"


def _style(document: Document, arm: str) -> dict[str, Any]:
    """The baseline is grey, the others have a colour each."""
    place = list(document["arms"]).index(arm) - 1
    if place < 0:
        return {"color": BASELINE, "linestyle": "-"}
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place // len(COLOURS) % len(DASHES)]}


def _runs(document: Document, arm: str) -> list[Mapping[str, Any]]:
    return [run for run in document["runs"] if run["arm"] == arm]


def _has_curve(document: Document, measure: str) -> bool:
    return any(run["curves"].get(measure) for run in document["runs"])


def _draw_curves(axes: Axes, document: Document, measure: str) -> None:
    for arm, label in document["arms"].items():
        curves = [run["curves"][measure] for run in _runs(document, arm) if run["curves"].get(measure)]
        if not curves:
            continue
        style = _style(document, arm)
        for curve in curves if len(curves) > 1 else ():
            axes.plot(*zip(*curve, strict=True), alpha=0.25, linewidth=1, **style)
        axes.plot(*zip(*mean_curve(curves), strict=True), linewidth=2.2, label=label, **style)
    axes.set_xlabel(document["step_name"])
    _clean(axes, "both")


def mean_curve(curves: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """The mean over the runs that have a value at a step.

    >>> mean_curve([[(0, 1.0), (5, 2.0)], [(0, 3.0), (5, None)]])
    [(0, 2.0), (5, 2.0)]
    """
    values: dict[float, list[float]] = {}
    for curve in curves:
        for step, value in curve:
            if value is not None:
                values.setdefault(step, []).append(value)
    return [(step, fmean(at_step)) for step, at_step in sorted(values.items())]


def _draw_finals(axes: Axes, document: Document, measure: str) -> None:
    """One line an arm: its seeds as dots, their mean as a stroke."""
    arms = [arm for arm in document["arms"] if _runs(document, arm)]
    for height, arm in enumerate(reversed(arms)):
        colour = _style(document, arm)["color"]
        values = [value for run in _runs(document, arm) if (value := run["final"].get(measure)) is not None]
        axes.plot(values, [height] * len(values), "o", color=colour, alpha=0.5)
        if values:
            axes.plot([fmean(values)] * 2, [height - 0.25, height + 0.25], color=colour, linewidth=3)
    axes.set_yticks(range(len(arms)), [document["arms"][arm] for arm in reversed(arms)])
    axes.set_ylim(-0.5, len(arms) - 0.5)
    _clean(axes, "x")


def _clean(axes: Axes, grid: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
