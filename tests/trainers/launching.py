"""Running a script of these tests on several processes, as `torchrun` would.

The processes are forks of one that has imported torch and TRL already: importing them takes each as long as a test.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import socket
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

IMPORTED = ["trl.trainer.grpo_trainer", "trl.trainer.dpo_trainer", "trl.trainer.sft_trainer", "peft", "datasets"]
SECONDS = 300  # for a machine that has other things to do; a run takes less than ten


def launch(script: Path, *arguments: str, processes: int, out: Path) -> list[dict[str, Any]]:
    """One result a rank, from `rank{i}.json` in `out`; gloo processes on the CPU where there are several."""
    out.mkdir()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    port = _free_port()
    ranks = [
        context.Process(target=_run, args=(str(script), arguments, _environment(rank, processes, port), str(out)))
        for rank in range(processes)
    ]
    for rank in ranks:
        rank.start()
    deadline = monotonic() + SECONDS
    for rank in ranks:
        rank.join(max(0.0, deadline - monotonic()))
    for rank in ranks:
        rank.kill()  # those that wait for one that broke
        rank.join()
    told = "\n".join((out / f"rank{rank}.log").read_text()[-3000:] for rank in range(processes))
    assert [rank.exitcode for rank in ranks] == [0] * processes, told
    return [json.loads((out / f"rank{rank}.json").read_text()) for rank in range(processes)]


def _environment(rank: int, processes: int, port: int) -> dict[str, str]:
    """What torch.distributed and accelerate read."""
    alone = {"RANK": str(rank), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    several = {"WORLD_SIZE": str(processes), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(processes)}
    return {**alone, **(several | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} if processes > 1 else {})}


def _run(script: str, arguments: tuple[str, ...], environment: Mapping[str, str], out: str) -> None:
    """Be `python script arguments` in this environment."""
    log = os.open(os.path.join(out, f"rank{environment['RANK']}.log"), os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(environment)
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(script))
    warnings.simplefilter("ignore")
    runpy.run_path(script, run_name="__main__")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
