"""What a run leaves behind to go on from: the weights that learn, their optimizer, and what rewards remember."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

FILE = "trainer.pt"
FORMAT = 1


def write(folder: Path, state: Mapping[str, Any]) -> None:
    """Save into a folder that need not exist; it holds the whole file or none."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"format": FORMAT, **state}, folder / FILE)


def publish(draft: Path, folder: Path) -> None:
    """Put a finished folder where it belongs, in one move; an older one there is replaced."""
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)


def read(folder: Path) -> dict[str, Any]:
    """What `write` saved.

    Raises:
        FileNotFoundError: it is no checkpoint.
        ValueError: it was written by another version.
    """
    path = folder / FILE
    if not path.exists():
        raise FileNotFoundError(f"{folder} is no checkpoint of a diffusion trainer: it has no {FILE}")
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if saved["format"] != FORMAT:
        raise ValueError(f"{path} has format {saved['format']}, expected {FORMAT}")
    return saved


def last(output_dir: Path) -> Path:
    """The newest checkpoint of a run.

    Raises:
        FileNotFoundError: there is none.
    """
    found = {int(match[1]): path for path in output_dir.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))}
    if not found:
        raise FileNotFoundError(f"{output_dir} has no checkpoint to resume from")
    return found[max(found)]


_NAME = re.compile(r"checkpoint-(\d+)")
