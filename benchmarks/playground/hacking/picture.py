"""The picture: what the reward model thinks of a policy against what is true, step by step, one line a method."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..small_png import save_figure
from .methods import METHODS

INK, FAINT, GREY = "#222222", "#E6E6E6", "#777777"
# Okabe and Ito's palette; the two runs of the story have the strongest pair.
COLOURS = {
    "grpo": "#D55E00",
    "crpg": "#0072B2",
    "codpo": "#009E73",
    "crraft": "#CC79A7",
    "crpg-unjudged": "#777777",
    "dpo": "#000000",
    "grpo-sum-1": "#E69F00",
    "grpo-sum-3": "#E69F00",
    "grpo-sum-10": "#E69F00",
}
DASHES = {
    "grpo-sum-3": (0, (5, 2)),
    "grpo-sum-10": (0, (1, 1.5)),
    "dpo": (0, (3, 2, 1, 2)),
    "crpg-unjudged": (0, (4, 2)),
}
GAP = 0.052  # between labels, in units of the vertical axis

Runs = Sequence[Mapping[str, Any]]
Points = list[tuple[float, float]]


def save_picture(runs: Runs, path: Path) -> None:
    """Write the figure as PNG; seeds are thin lines, their mean a thick one."""
    with matplotlib.rc_context({"font.size": 11, "font.family": "sans-serif"}):
        figure = Figure(figsize=(9.6, 5.6), dpi=160, layout="constrained")
        axes = figure.subplots()
        methods = [name for name in METHODS if any(run["method"] == name for run in runs)]
        ends = {name: _draw_method(axes, name, [run for run in runs if run["method"] == name]) for name in methods}
        start = _mean([_points(run) for run in runs])[0]
        axes.plot(*start, marker="o", markersize=10, color="white", markeredgecolor=INK, markeredgewidth=2, zorder=6)
        axes.annotate(
            "start", start, (-10, 0), textcoords="offset points", ha="right", va="center", color=INK, weight="bold"
        )
        _dress(axes, runs)
        _label(axes, ends)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def _points(run: Mapping[str, Any]) -> Points:
    """(proxy reward, share of answers that pass all judges) of each checkup, means over the strata."""
    points = []
    for checkup in run["checkups"]:
        strata = checkup["strata"].values()
        points.append((fmean(s["proxy"] for s in strata), 1 - fmean(s["violations"] for s in strata)))
    return points


def _mean(paths: Sequence[Points]) -> Points:
    return [(fmean(x for x, _ in points), fmean(y for _, y in points)) for points in zip(*paths, strict=False)]


def _draw_method(axes: Axes, name: str, runs: Runs) -> tuple[float, float]:
    """The lines of a method; returns where it ends."""
    paths = [_points(run) for run in runs]
    colour, dash = COLOURS[name], DASHES.get(name, "-")
    for points in paths if len(paths) > 1 else ():
        axes.plot(*zip(*points, strict=True), color=colour, alpha=0.28, linewidth=1, linestyle=dash)
    mean = _mean(paths)
    strong = name in ("grpo", "crpg")
    axes.plot(
        *zip(*mean, strict=True),
        color=colour,
        linestyle=dash,
        linewidth=3.2 if strong else 1.8,
        marker="o",
        markersize=5.5 if strong else 3,
        zorder=5 if strong else 4,
        solid_capstyle="round",
    )
    axes.plot(*mean[-1], marker="o", markersize=11 if strong else 6, color=colour, zorder=6)
    return mean[-1]


def _label(axes: Axes, ends: Mapping[str, tuple[float, float]]) -> None:
    """Names beside the right edge, pushed apart, each with a thin line to where its method ends."""
    edge = axes.get_xlim()[1]
    names = sorted(ends, key=lambda name: ends[name][1])
    for name, height in zip(names, _apart([ends[name][1] for name in names]), strict=True):
        axes.annotate(
            METHODS[name].title,
            xy=ends[name],
            xytext=(edge, height),
            color=COLOURS[name],
            weight="bold" if name in ("grpo", "crpg") else "normal",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": COLOURS[name], "lw": 0.6, "alpha": 0.6, "shrinkB": 6},
        )


def _apart(heights: Iterable[float]) -> list[float]:
    """Rising heights moved as little upwards as it takes to keep a gap between them.

    >>> _apart([0.0, 0.0, 0.5])
    [0.0, 0.052, 0.5]
    """
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + GAP) if moved else height)
    return moved


def _dress(axes: Axes, runs: Runs) -> None:
    low, high = axes.get_xlim()
    margin = 0.08 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(-0.03, 1.0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel("what the reward model thinks  (mean proxy reward)")
    axes.set_ylabel("what is true  (answers right and in the form asked for)")
    axes.set_title("The reward goes up. Does the truth?", loc="left", fontsize=15, weight="bold", color=INK, pad=26)
    seeds, steps = {run["seed"] for run in runs}, max(checkup["step"] for run in runs for checkup in run["checkups"])
    thin = ", thin lines: single seeds" if len(seeds) > 1 else ""
    counted = "1 seed" if len(seeds) == 1 else f"mean of {len(seeds)} seeds"
    told = f"sums and records, one policy, {steps} steps, {counted}; held-out prompts{thin}"
    axes.text(0, 1.02, told, transform=axes.transAxes, color=GREY, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
