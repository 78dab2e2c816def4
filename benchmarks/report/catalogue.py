"""What there is to run, read from the sources: listing it imports neither torch nor a paper."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path

from ..experiment import Experiment

PACKAGE = __package__.rpartition(".")[0]
FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class Paper:
    """A folder of `benchmarks/papers/`: `name` as its documentation page is called."""

    name: str
    title: str

    def experiments(self) -> tuple[Experiment, ...]:
        """Import the module, and with it torch and TRL."""
        module = importlib.import_module(f"{PACKAGE}.papers.{self.name.replace('-', '_')}.experiments")
        return tuple(module.EXPERIMENTS)


@dataclass(frozen=True)
class Speed:
    """A module that times us against a peer in one run; `quick` are its arguments for a short one."""

    name: str
    title: str
    quick: tuple[str, ...]

    def main(self, arguments: list[str]) -> None:
        """Run it as its own command would."""
        importlib.import_module(f"{PACKAGE}.{self.name}").main(arguments)


# name -> what `--quick` passes on
SPEEDS = {
    "control": ("--seeds", "1", "--steps", "2048"),
    "judges.code": ("--programs", "4", "--repeats", "1", "--large-gb", "0.5"),
    "judges.json": ("--answers", "200"),
    "judges.math": ("--repeats", "1"),
    "rewards": ("--repeats", "5"),
    "seam": ("--repeats", "1"),
}


def papers() -> dict[str, Paper]:
    """The folders with experiments, by paper."""
    found = {}
    for path in sorted((FOLDER / "papers").glob("*/experiments.py")):
        name = path.parent.name.replace("_", "-")
        found[name] = Paper(name, _first_line(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def speeds() -> dict[str, Speed]:
    """The benchmarks of speed, by name."""
    found = {}
    for name, quick in SPEEDS.items():
        tree = ast.parse((FOLDER / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
        found[name] = Speed(name, _first_line(tree), quick)
    return found


def _first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
