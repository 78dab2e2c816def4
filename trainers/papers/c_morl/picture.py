"""The picture of a front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .points import Points, as_points

# Okabe and Ito's palette, told apart with any colour vision; the front itself comes last and is the first colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")


def draw_front(sets: Mapping[str, ArrayLike], objectives: Sequence[str], path: Path) -> None:
    """Sets of points, the last on top: a plane for two objectives, else lines across all of them.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("a picture needs matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(5.6, 4.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    for place, (label, values) in enumerate(sets.items()):
        look = (len(sets) - 1 - place) % len(COLOURS)
        points = as_points(values, len(objectives))
        (_plane if len(objectives) == 2 else _across)(axes, points, label, look)
    if len(objectives) == 2:
        axes.set_xlabel(objectives[0])
        axes.set_ylabel(objectives[1])
    else:
        axes.set_xticks(range(len(objectives)), objectives, rotation=20)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _plane(axes: Any, points: Points, label: str, look: int) -> None:
    points = points[np.argsort(points[:, 0])]
    axes.plot(*points.T, marker=MARKERS[look], color=COLOURS[look], linewidth=1, markersize=6, label=label)


def _across(axes: Any, points: Points, label: str, look: int) -> None:
    for place, point in enumerate(points):
        axes.plot(point, marker=MARKERS[look], color=COLOURS[look], alpha=0.6, label=None if place else label)
