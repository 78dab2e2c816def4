"""The wheel works where there is no torch, and loads in no time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys, time
start = time.process_time()
import jurybox.judges, jurybox.rewards
seconds = time.process_time() - start
assert "torch" not in sys.modules
try:
    import torch
    raise SystemExit("torch is installed here: the test shows nothing")
except ModuleNotFoundError:
    pass
reward = jurybox.judges.MathJudge() + 0.2 * jurybox.judges.FormatJudge()
assert reward.verdict(r"<think>1/2</think> \\\\boxed{0.5}", solution="1/2").score == 1.2
print(jurybox.judges.__file__, seconds)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"  # a copy: setuptools packs whatever an earlier build left in `build/`
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(".*", "build", "runs"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(tree)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_code_types_and_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"jurybox/judges/py.typed", "jurybox/rewards/py.typed", "jurybox/cli/score.py"} <= set(names)
    on_disk = {
        f"jurybox/{path.relative_to(ROOT)}"
        for folder in ("judges", "rewards", "trainers", "benchmarks", "cli")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert on_disk | {"jurybox/__init__.py"} == {name for name in names if name.endswith(".py")}


@pytest.mark.slow
def test_judges_and_rewards_import_without_torch(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", wheel]
    subprocess.run([*install], check=True, capture_output=True)
    core = ["jsonschema", "math-verify", "sympy", "rich"]
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *constraints, *core], check=True, capture_output=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    seconds = []
    for _ in range(3):  # the first run compiles
        run = subprocess.run(
            [python, "-c", PROGRAM], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )
        assert not run.returncode, run.stderr
        where, took = run.stdout.split()
        assert str(tmp_path) in where
        seconds.append(float(took))
    assert min(seconds) < 0.5
