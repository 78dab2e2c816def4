"""A child that runs a checker: a trusted program that says what an output is worth, of which there are many right ones.

It is started as checkers of contests are, with the names of three files, which lie in memory: the input, an output that
is right, and the one to be checked. The last is hostile, so the checker runs in a box like any other program.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Mapping
from typing import Any

from . import program
from .wire import Channel

PLAIN_OPEN = io.open


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Run the checker once; what it prints is its verdict."""
    try:
        code = program.compile_program(task["checker"])
    except program.CompileError as error:
        channel.send(["failed", "compile_error", str(error)])
        return 1
    program.open_streams()
    program.reset(task["seed"])
    give_files(task["files"])
    sys.argv = ["checker.py", *task["files"]]
    channel.send(["ended", *program.execute(code, program.fresh_main())])
    return 0


def give_files(files: Mapping[str, str]) -> None:
    """Let `open` find these files."""

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        name = os.fspath(file) if isinstance(file, (str, os.PathLike)) else ""
        if name not in files or not {*mode} <= {*"rtb"}:
            return PLAIN_OPEN(file, mode, *args, **kwargs)
        data = files[name].encode("utf-8", "surrogateescape")
        return io.BytesIO(data) if "b" in mode else io.TextIOWrapper(io.BytesIO(data), "utf-8", "replace")

    builtins.open = io.open = opened
