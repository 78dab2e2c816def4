"""The rules of docs/architecture.md, read off the source."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import jurybox

from .import_graph import circles, import_graph

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "judges": set(),
    "rewards": {"judges"},
    "trainers": {"judges", "rewards"},
    "benchmarks": {"judges", "rewards", "trainers"},
    "cli": {"judges", "rewards", "trainers", "benchmarks"},
}
HEAVY = {"torch", "transformers", "trl", "datasets", "peft", "accelerate", "sympy", "math_verify", "jsonschema"}
SEAM = ROOT / "trainers" / "seam"


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The sub-packages of ours that a file imports, wherever in the file."""
    folder, found = path.parent.relative_to(ROOT).parts, set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            inside = ("jurybox", *folder)[: len(folder) + 2 - node.level]
            target = (*inside, *(node.module or "").split("."))
            names = [target] if node.module else [(*inside, alias.name) for alias in node.names]
            found |= {name[1] for name in names if len(name) > 1 and name[1]}
        elif isinstance(node, ast.ImportFrom):
            found |= ours([node.module or ""])
        elif isinstance(node, ast.Import):
            found |= ours([alias.name for alias in node.names])
    return found


def ours(names: list[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("jurybox.")}


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports_go_one_way(folder):
    for path in sources(folder):
        outside = imports(path) - ALLOWED[folder] - {folder}
        assert not outside, f"{path.relative_to(ROOT)} imports {outside}"


def test_a_wrong_import_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "judges" / "math" / "bad.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "from ...rewards import Sum\nfrom ... import trainers\nimport jurybox.cli.score\nfrom ..verdict import X\n"
    )
    assert imports(path) == {"rewards", "trainers", "cli", "judges"}


def test_only_the_seam_names_what_is_private_in_trl():
    from trl import GRPOTrainer

    from jurybox.trainers import ObjectiveTrainer

    private = {name for name in dir(GRPOTrainer) if name.startswith("_") and not name.startswith("__")}
    assert len(private) > 20
    for folder in ("trainers", "benchmarks", "cli"):  # judges and rewards import no trainer at all
        for path in sources(folder):
            if SEAM in path.parents:
                continue
            nodes = list(ast.walk(ast.parse(path.read_text())))
            own = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and folder != "trainers"}
            for node in nodes:
                name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "name", None)
                if isinstance(node, (ast.Attribute, ast.FunctionDef)) and name in private - own:
                    pytest.fail(f"{path.relative_to(ROOT)}:{node.lineno} names {name}, private in TRL")
    assert issubclass(ObjectiveTrainer, GRPOTrainer)


def test_judges_and_rewards_are_light():
    program = "import sys, jurybox.judges, jurybox.rewards; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_the_packages_on_disk_are_the_packages_of_the_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    on_disk = {
        "jurybox." + ".".join(path.parent.relative_to(ROOT).parts) for folder in ALLOWED for path in sources(folder)
    }
    assert set(settings["packages"]) == on_disk | {"jurybox"}
    assert settings["packages"] == sorted(settings["packages"])


@pytest.mark.parametrize("name", ["judges", "rewards", "trainers", "trainers.seam", "trainers.objectives"])
def test_what_is_public_is_documented(name):
    module = importlib.import_module(f"jurybox.{name}")
    for public in module.__all__:
        thing = getattr(module, public)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), f"{public} has no docstring"


@pytest.mark.parametrize("folder", ALLOWED)
def test_files_stay_readable(folder):
    for path in sources(folder):
        assert len(path.read_text().splitlines()) <= 400, path
        assert path.stem != "utils"


@pytest.mark.parametrize("folder", ALLOWED)
def test_no_import_runs_in_a_circle(folder):
    assert circles(import_graph(ROOT, folder)) == []


def test_a_circle_would_be_seen(tmp_path):
    (tmp_path / "judges" / "math").mkdir(parents=True)
    files = {
        "__init__": "from .a import A\n",
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .e import E\nfrom .math.b import B\n",
        "math/b": "def f():\n    from ..c import C\n",
        "c": "import importlib\nimportlib.import_module('.a', __package__)\n",
        "d": "from . import A\n",
        "e": "import jurybox.judges.a\n",
    }
    for name, text in files.items():
        (tmp_path / "judges" / f"{name}.py").write_text(text)
    assert circles(import_graph(tmp_path, "judges")) == [["judges.a", "judges.c", "judges.math.b"]]


def test_trainers_are_imported_when_they_are_used_and_listed_before():
    program = (
        "import sys, jurybox.trainers as t; assert set(t.__all__) <= set(dir(t));"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_an_absent_extra_hurts_only_who_uses_it_and_is_named():
    program = (
        "import sys; sys.modules['trl'] = None; import jurybox.trainers as t; assert t.Curriculum\n"
        "try:\n    t.DPOTrainer\nexcept ModuleNotFoundError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "jurybox.trainers.DPOTrainer needs the package trl: pip install 'jurybox[trl]'"


def test_what_type_checkers_see_of_the_trainers_is_what_there_is():
    from jurybox import trainers

    imported = {}
    for node in ast.walk(ast.parse((ROOT / "trainers" / "__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            imported |= {alias.name: node.module for alias in node.names}
    assert imported == trainers._HOME
    assert sorted(imported) == sorted(trainers.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'PPO'"):
        _ = trainers.PPO


def public_packages() -> list[str]:
    """Every package of ours that says what it exports."""
    found = [".".join(path.parent.relative_to(ROOT).parts) for top in ALLOWED for path in sources(top)]
    return sorted({name for name in found if "__all__" in (ROOT / name.replace(".", "/") / "__init__.py").read_text()})


@pytest.mark.parametrize("name", public_packages())
def test_tab_completion_is_complete(name):
    module = importlib.import_module(f"jurybox.{name}")
    assert set(module.__all__) <= set(dir(module))
    assert all(hasattr(module, public) for public in module.__all__)


def test_the_version_is_that_of_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert jurybox.__version__ == settings["version"]
    assert {"__version__", "judges", "rewards", "trainers"} <= set(dir(jurybox))
    with pytest.raises(AttributeError, match="jurybox"):
        jurybox.misspelt  # noqa: B018
