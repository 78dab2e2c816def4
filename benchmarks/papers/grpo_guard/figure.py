"""The frontier of proxy against gold, and pictures before and after."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...worlds.shapes.drawing import SIZE

SHOWN = range(0, 192, 8)
"""Which of 192 pictures are kept: one of every second caption."""
COLUMNS = 6
GRIDS = (("flow-loose", "before"), ("flow-loose", "after"), ("guard-loose", "after"), ("guard-tight", "after"))
DRAWN = frozenset(arm for arm, _ in GRIDS)
"""Arms whose pictures the figure needs."""


def packed(pictures: Sequence[Tensor]) -> str:
    """Some pictures as text: one byte a number, in base 64."""
    chosen = torch.stack([pictures[place] for place in SHOWN]).float()
    return base64.b64encode(((chosen.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy().tobytes()).decode()


def unpacked(text: str) -> Tensor:
    """`(24, 3, 16, 16)` bytes of what `packed` wrote."""
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8).view(-1, 3, SIZE, SIZE)


def grid(text: str) -> Tensor:
    """`(H, W, 3)` bytes: the pictures side by side, with a white line between."""
    pictures = torch.nn.functional.pad(unpacked(text), (0, 1, 0, 1), value=255)
    return pictures.unflatten(0, (-1, COLUMNS)).permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)


def save_figure(document: Mapping[str, Any], path: Path) -> None:
    """Gold over proxy for every arm, thin for seeds, and grids of the first seed's pictures."""
    from matplotlib.figure import Figure

    from ...playground.plot import COLOURS, INK
    from ...playground.small_png import save_figure as save

    figure = Figure(figsize=(13, 8.2), dpi=130, layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    above, below = parts
    axes = above.subplots(1, 2)
    for place, (arm, label) in enumerate(document["arms"].items()):
        style = {"color": COLOURS[place % len(COLOURS)], "linestyle": ":" if "random" in arm else "-"}
        for number, run in enumerate(run for run in document["runs"] if run["arm"] == arm):
            curves = [[value for _, value in run["curves"][name]] for name in ("proxy", "gold", "distance")]
            for panel, measured in zip(axes, curves[1:], strict=True):
                panel.plot(curves[0], measured, marker=".", label=None if number else label, alpha=0.75, **style)
    for panel, measure in zip(axes, ("gold", "distance"), strict=True):
        panel.set_title(document["measures"][measure]["title"], loc="left", color=INK)
        panel.set_xlabel("proxy: the classifier's certainty")
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=8)
    runs = {run["arm"]: run for run in reversed(document["runs"])}  # the first seed's stays
    for panel, (arm, when) in zip(below.subplots(1, len(GRIDS)), GRIDS, strict=True):
        panel.set_axis_off()
        if arm in runs:
            panel.imshow(grid(runs[arm]["notes"][when]).numpy(), interpolation="nearest")
            panel.set_title("before" if when == "before" else document["arms"][arm], color=INK)
    figure.suptitle(f"{document['title']}\n{document['steps']} {document['step_name']}", color=INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(figure, path)
