"""Rows of hostile programs: what a benign row has, the labels and scores that are right (`verdicts`, `score`), a
`setup` of files and of the judge's environment at its start, machine-readable `checks` of what must hold, and perhaps
`options` of the judge.

Each row gets a judge in a process of its own (`code_attack`), started with the row's environment, and a directory and
two listeners outside the box. This process is the reaper of whatever is left, so it sees every survivor.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .code_benign import completion_of, tests_of

PR_SET_CHILD_SUBREAPER = 36
ROOT = Path(__file__).parents[2]
STARTING_SECONDS = 120


def check_row(
    row: dict[str, Any], options: dict[str, Any] | None = None, command: list[str] | None = None
) -> str | None:
    """What was expected and what came, or None when all of it holds.

    Args:
        options: of the judge, beyond its defaults and the row's; a second try after starvation is off, since time is
            checked.
        command: what starts the judge's process, in place of this interpreter as this user.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder, listeners() as (port, arrived):
        os.chmod(folder, 0o755)
        outside = Path(folder) / "out"
        outside.mkdir()
        outside.chmod(0o777)
        mark = uuid.uuid4().hex[:12]
        row = placed(row, outside, port, mark)
        known = set(processes())
        before = prepare(row)
        chosen = {"retry_starved": False} | row.get("options", {}) | (options or {})
        report = attack(row, chosen, command or [sys.executable])
        wrong = [*wrong_verdict(row, report), *broken_checks(row, report, before, (mark, known), arrived)]
        shutil.rmtree(outside, ignore_errors=True)
    return f"{row['name']}: {'; '.join(wrong)}" if wrong else None


def placed(row: dict[str, Any], outside: Path, port: int, mark: str) -> dict[str, Any]:
    """The row with this run's directory, port and mark."""
    text = json.dumps(row)
    for name, value in (("@@OUT@@", str(outside)), ("@@PORT@@", str(port)), ("@@MARK@@", mark)):
        text = text.replace(name, value)
    placed: dict[str, Any] = json.loads(text)
    return placed


def prepare(row: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Write the row's files; what is to be unchanged about them."""
    files = [step for step in row.get("setup", ()) if step["type"] == "file"]
    for step in files:
        Path(step["path"]).write_text(step["content"])
        os.chmod(step["path"], 0o666)
    return {step["path"]: state_of(step["path"]) for step in files}


def state_of(path: str) -> tuple[Any, ...]:
    """Content, mode and time stamp; nothing of these for a file that is gone."""
    try:
        status = os.stat(path)
        return Path(path).read_bytes(), status.st_mode, status.st_mtime_ns, status.st_nlink
    except OSError:
        return ()


def attack(row: dict[str, Any], options: dict[str, Any], command: list[str]) -> dict[str, Any]:
    """Judge the row in a process of its own; its report."""
    secrets = {step["name"]: step["value"] for step in row.get("setup", ()) if step["type"] == "env"}
    task = {"completion": completion_of(row), "tests": tests_of(row), "options": options}
    done = subprocess.run(
        [*command, "-m", "tests.case_kinds.code_attack"],
        input=json.dumps(task), capture_output=True, text=True, cwd=ROOT, timeout=STARTING_SECONDS,
        env=os.environ | secrets,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the judge's process ended with {done.returncode}: {done.stderr[-1000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def wrong_verdict(row: dict[str, Any], report: dict[str, Any]) -> Iterator[str]:
    """What is wrong about label and score."""
    expected = row["expected"]
    if report["reason"] not in expected["verdicts"]:
        yield f"expected one of {expected['verdicts']}, came {report['reason']} {report['tests']}"
    scores = expected["score"] if isinstance(expected["score"], list) else [expected["score"]]
    if report["score"] is None or min(abs(report["score"] - score) for score in scores) > 1e-3:
        yield f"expected a score of {scores}, came {report['score']}"


def broken_checks(row: dict[str, Any], report: dict[str, Any], before: Any, marks: Any, arrived: Any) -> Iterator[str]:
    """Which of the row's checks does not hold."""
    limit = row["limits"]["wall_s"]
    for check in row["checks"]:
        kind = check["type"]
        if kind == "returns_within" and report["seconds"] > limit + check["slack_s"]:
            yield f"returned after {report['seconds']:.2f} s"
        if kind == "judge_alive" and not (report["benign"] == 1.0 and report["same_server"]):
            yield f"the worker is not usable: {report['benign']}, same server: {report['same_server']}"
        if kind == "no_process" and (left := survivors(*marks)):
            yield f"processes survive: {left}"
        if kind == "path_absent" and os.path.lexists(check["path"]):
            yield f"{check['path']} exists"
        if kind == "file_unchanged" and state_of(check["path"]) != before[check["path"]]:
            yield f"{check['path']} changed"
        if kind == "no_connection" and arrived():
            yield "something reached the listener"
        if kind == "rss_below_mb" and report["rss_mb"] > check["value"]:
            yield f"resident memory of {report['rss_mb']:.0f} MB"
        if kind == "process_count_restored" and report["processes_after"] != report["processes_before"]:
            yield f"{report['processes_before']} processes before, {report['processes_after']} after"


def survivors(mark: str, known: set[int]) -> list[str]:
    """Processes that came to this one as orphans, or carry the mark."""
    time.sleep(0.05)
    found = []
    for pid, (name, parent) in processes().items():
        if name == mark or (parent == os.getpid() and pid not in known and not reaped(pid)):
            found.append(f"{pid} {name}")
    return found


def processes() -> dict[int, tuple[str, int]]:
    """Name and parent of every process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().partition("(")[2].rpartition(") ")
            found[int(stat.parent.name)] = name, int(rest.split()[1])
    return found


def reaped(pid: int) -> bool:
    """Whether an orphan has ended; then it is put to rest."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


@contextlib.contextmanager
def listeners() -> Iterator[tuple[int, Any]]:
    """A port on which TCP and UDP are listened to, and whether anything came."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        datagrams.bind(stream.getsockname())
        for listener in (stream, datagrams):
            listener.setblocking(False)

        def arrived() -> bool:
            for receive in (stream.accept, lambda: datagrams.recv(1)):
                with contextlib.suppress(BlockingIOError):
                    receive()
                    return True
            return False

        yield stream.getsockname()[1], arrived
