"""Running a script of these tests on several processes, as a user would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def launch(script: Path, *arguments: str, processes: int, out: Path) -> list[dict[str, Any]]:
    """One result a rank, from `rank{i}.json` in `out`. Without GPUs this launcher gives gloo processes on the CPU."""
    out.mkdir()
    several = ["--multi_gpu"] if processes > 1 else []
    command = [
        sys.executable, "-W", "ignore", "-m", "accelerate.commands.launch", *several,
        "--num_processes", str(processes), "--num_machines", "1", "--mixed_precision", "no",
        "--dynamo_backend", "no", "--main_process_port", "0", str(script), *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((out / f"rank{rank}.json").read_text()) for rank in range(processes)]
