"""What a test arranges around a program: the seeds of its random numbers, and environment variables."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from typing import Any

from .peer import Peer

SEEDS = (int, float, str, bytes)


class World:
    """The test's side: before each operation the program's process is told what has changed since the last."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._variables: Any = vars(os.environ)["_data"]  # looked at before each operation, so without decoding it
        self._environment = self._variables.copy()
        self._seeds: list[list[Any]] = []
        self._watch("random", random)
        if "numpy.random" in sys.modules:
            self._watch("numpy.random", sys.modules["numpy.random"])

    def _watch(self, name: str, module: Any) -> None:
        plain: Callable[..., Any] = module.seed

        def seed(a: Any = None, *args: Any, **kwargs: Any) -> None:
            plain(a, *args, **kwargs)
            if type(a) in SEEDS:
                self._seeds.append([name, self.peer.encode(a)])

        module.seed = seed

    def tell(self) -> None:
        """Tell what has changed, if anything has."""
        if not self._seeds and self._variables == self._environment:
            return
        seeds, self._seeds, self._environment = self._seeds, [], self._variables.copy()
        self.peer.ask("world", dict(os.environ), seeds)


def arrange(peer: Peer, environment: dict[str, str], seeds: list[Any]) -> list[Any]:
    """The program's side."""
    if environment != dict(os.environ):
        os.environ.clear()
        os.environ.update(environment)
    for name, seed in seeds:
        sys.modules[name].seed(peer.decode(seed))
    return []
