"""Figures as pictures of few colours: a quarter of the size, and the repository grows with every rerun."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

COLOURS = 64


def save_figure(figure: Any, path: Path | str) -> None:
    """Save a matplotlib figure; as PNG with a palette, in other formats (by the ending) as matplotlib does."""
    path = Path(path)
    if path.suffix != ".png":
        figure.savefig(path)
        return
    from PIL import Image  # matplotlib brings it

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    with_palette(Image.open(drawn)).save(path, optimize=True)


def with_palette(image: Any) -> Any:
    """A picture on white in at most 64 colours."""
    from PIL import Image

    return image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
