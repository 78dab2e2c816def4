"""What is hunted: every judge that ships and every node of a reward, found by looking for them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import jurybox.judges
import jurybox.rewards

from ...judges import FunctionJudge, Judge, PairwiseJudge
from ...rewards import Reward
from .cases import ARGUMENTS, COLUMNS, MODELS, NODES, RELATIVE, SMALL_BATCHES, divides, says_so

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Target:
    """One thing under attack.

    batch: how many completions it is given at once. relative: whether a verdict may depend on the others of its batch.
    """

    name: str
    judge: Judge | Reward
    columns: Mapping[str, Sequence[Any]]
    batch: int = 200
    relative: bool = False

    def rows(self, count: int, rng: random.Random) -> dict[str, list[Any]]:
        """Columns for `count` completions."""
        return {name: [rng.choice(values) for _ in range(count)] for name, values in self.columns.items()}

    def kinds(self) -> set[type[Any]]:
        """The classes of the judges and nodes that it is made of."""
        found: set[type[Any]] = set()
        waiting: list[Any] = [*self.judge.walk()] if isinstance(self.judge, Reward) else [self.judge]
        while waiting:
            one = waiting.pop()
            found.add(type(one))
            inside = [getattr(one, name, ()) for name in ("judge", "scorer", "judges")]
            waiting += [part for part in (*inside[:2], *inside[2]) if isinstance(part, (Judge, PairwiseJudge, Reward))]
        return found


def kinds_of(base: type[Kind]) -> list[type[Kind]]:
    """The classes under `base` that this package ships, without those that only others inherit from, by name."""
    for package in (jurybox.judges, jurybox.rewards):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".box." not in module.name:  # what runs in the box, runs there
                importlib.import_module(module.name)
    found = {kind for kind in _below(base) if kind.__module__.startswith(("jurybox.judges.", "jurybox.rewards."))}
    made = [kind for kind in found if not (inspect.isabstract(kind) or kind.__name__.startswith("_"))]
    return sorted(
        (kind for kind in made if kind.__name__ not in (*_BASES, *_ELSEWHERE)), key=lambda kind: kind.__name__
    )


_BASES = ("Rule", "CountingRule")  # nothing forbids to make one, but there is nothing that it judges
_ELSEWHERE = ("Remote",)  # what a service judges is hunted where it runs; tests/rewards/service attacks the way there


def _below(base: type[Any]) -> Iterator[type[Any]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def shipped() -> Iterator[Judge]:
    """Every judge that ships, made in the ways it is used, and two of a user's own."""
    yield from (says_so, divides)
    for kind in kinds_of(Judge):
        if kind is not FunctionJudge:
            yield from (kind(**arguments) for arguments in ARGUMENTS.get(kind.__qualname__, [{}]))


def targets(named: str | None = None) -> list[Target]:
    """Everything that is hunted; with `named`, what has these letters in its name."""
    found = [_target(repr(one), one, _columns(one)) for one in shipped()]
    nodes = {name: make() for name, make in NODES.items()}
    found += [_target(f"{name}: {node!r}", node, COLUMNS) for name, node in nodes.items()]
    found += [_target(name, make(), COLUMNS) for name, make in MODELS.items() if (named or "").lower() in name]
    return [target for target in found if named is None or named.lower() in target.name.lower()]


def _target(name: str, one: Judge | Reward, columns: Mapping[str, Sequence[Any]]) -> Target:
    batch = 20 if any(dear in name for dear in SMALL_BATCHES) else 200
    return Target(name, one, columns, batch, relative=name.startswith(RELATIVE))


def _columns(one: Judge) -> Mapping[str, Sequence[Any]]:
    """The columns it reads, and the letters of the options where it reads a choice."""
    columns = {name: COLUMNS[name] for name in (*one.columns, *one.optional) if name in COLUMNS}
    return {**columns, "solution": list("ABCD")} if getattr(one, "choices", None) else columns
