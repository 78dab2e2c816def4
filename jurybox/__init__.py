"""Judges, rewards and trainers for post-training language models: see `jurybox.judges`, `.rewards` and `.trainers`."""

from __future__ import annotations

from pkgutil import extend_path
from typing import Any

# In a checkout the sub-packages are elsewhere: an editable install finds them, and so does `PYTHONPATH=typings`.
__path__ = extend_path(__path__, __name__)


def __getattr__(name: str) -> Any:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # costs more than everything else here, and few ask

    return version("jurybox")


def __dir__() -> list[str]:
    return sorted({*globals(), "__version__", "benchmarks", "cli", "judges", "rewards", "trainers"})
