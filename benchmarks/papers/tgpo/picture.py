"""The picture: success while learning, and what the trained policies do among the discs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from ...playground.plot import COLOURS, FAINT, INK
from ...playground.small_png import save_figure
from ...report.picture import mean_curve
from .plane import DISCS, RADIUS

GREY = "#777777"


def save_paths(document: Mapping[str, Any], path: Path) -> None:
    """Write both panels as PNG."""
    colours = dict(zip(document["arms"], (GREY, *COLOURS), strict=False))
    with matplotlib.rc_context({"font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(10.0, 4.6), dpi=150, layout="constrained")
        left, right = figure.subplots(1, 2)
        for arm, label in document["arms"].items():
            curves = [run["curves"]["success"] for run in document["runs"] if run["arm"] == arm]
            for curve in curves:
                left.plot(*zip(*curve, strict=True), color=colours[arm], alpha=0.25, linewidth=1)
            if curves:
                left.plot(*zip(*mean_curve(curves), strict=True), color=colours[arm], linewidth=2.2, label=label)
        left.set_title("share of episodes that satisfy the formula", loc="left", color=INK)
        left.set_xlabel(document["step_name"])
        left.set_ylim(0.0, 1.0)
        left.spines[["top", "right"]].set_visible(False)
        left.grid(color=FAINT, linewidth=0.8)
        left.legend(frameon=False, fontsize=9)
        _draw_paths(right, document)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def _draw_paths(axes: Axes, document: Mapping[str, Any]) -> None:
    """The paths of the first run of TGPO, with the best of the drawn times."""
    for name, centre in DISCS.items():
        axes.add_patch(Circle(centre, RADIUS, facecolor=FAINT, edgecolor=INK))
        axes.text(*centre, name.upper(), ha="center", va="center", color=INK)
    run = next((run for run in document["runs"] if run["arm"] == "uniform"), None)
    for line, met in zip(run["notes"]["paths"], run["notes"]["met"], strict=True) if run else ():
        axes.plot(*zip(*line, strict=True), color=COLOURS[0] if met else GREY, alpha=0.7, linewidth=1)
    axes.plot(0, 0, "+", color=INK, markersize=10)
    axes.set_title("TGPO, best of 64 times: satisfied in colour, not in grey", loc="left", color=INK)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
