"""Networks that can draw before anything is rewarded: flow matching, kept on disk."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import torch
from torch import Tensor

from ...playground.cache import cache_directory
from .drawing import SIZES, all_captions, draw
from .judging import Classifier, trained_classifier
from .network import Painter

BASES = 2
CODE = ("drawing.py", "network.py", "judging.py", "base.py")


@dataclass(frozen=True, eq=False)
class Base:
    """A network that draws, and the classifier that is its proxy."""

    painter: Painter
    classifier: Classifier


def load_base(number: int, steps: int = 1300, on_step: Callable[[int], None] | None = None) -> Base:
    """Base `number`, trained when it is asked for the first time on a machine: within two minutes of a core."""
    path = _path(number, steps)
    base = Base(Painter(), Classifier())
    if not path.exists():
        _publish(_trained(number, steps, on_step), path)
    saved = torch.load(path, weights_only=True)
    base.painter.load_state_dict(saved["painter"])
    base.classifier.load_state_dict(saved["classifier"])
    return base


def _trained(number: int, steps: int, on_step: Callable[[int], None] | None) -> Base:
    return Base(pretrained(1000 + number, steps, on_step), trained_classifier(2000 + number))


def pretrained(seed: int, steps: int, on_step: Callable[[int], None] | None = None, rows: int = 192) -> Painter:
    """Flow matching on pictures whose captions are wrong now and then, so that something is left to be learnt."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    ids = all_captions(300)
    pictures = draw(ids, generator)
    painter = Painter()
    average = {name: weight.clone() for name, weight in painter.state_dict().items()}
    optimizer = torch.optim.Adam(painter.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.02 + 0.98 * _cosine(step / steps))
    for step in range(steps):
        chosen = torch.randint(len(ids), (rows,), generator=generator)
        loss = _loss(painter, pictures[chosen], corrupted(ids[chosen], generator), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        decay = min(0.995, (1 + step) / (10 + step))
        for name, weight in painter.state_dict().items():
            average[name].lerp_(weight, 1 - decay)
        if on_step is not None:
            on_step(step + 1)
    painter.load_state_dict(average)
    return painter


def corrupted(ids: Tensor, generator: torch.Generator, share: float = 0.12) -> Tensor:
    """Captions in which each word was replaced by any with that chance."""
    others = torch.stack([torch.randint(size, (len(ids),), generator=generator) for size in SIZES], 1)
    return torch.where(torch.rand(ids.shape, generator=generator) < share, others, ids)


def _loss(painter: Painter, pictures: Tensor, ids: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(pictures.shape, generator=generator)
    sigma = torch.sigmoid(1.2 * torch.randn(len(ids), generator=generator) + 0.5)
    mixed = sigma.view(-1, 1, 1, 1)
    v = painter((1 - mixed) * pictures + mixed * noise, sigma, ids)
    return ((v - (noise - pictures)) ** 2).mean()


def _cosine(done: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * done))


def _path(number: int, steps: int) -> Path:
    digest = hashlib.sha256(f"{number} {steps} torch {torch.__version__}".encode())
    for name in CODE:
        digest.update((Path(__file__).parent / name).read_bytes())
    return cache_directory() / "shapes" / f"{digest.hexdigest()[:20]}.pt"


def _publish(base: Base, path: Path) -> None:
    """In one move, so that whoever looks sees a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        torch.save({"painter": base.painter.state_dict(), "classifier": base.classifier.state_dict()}, draft)
    os.replace(draft.name, path)
