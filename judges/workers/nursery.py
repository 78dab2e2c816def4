"""The caller's end of the zygote (see `zygote.py`): it forks workers and kills them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from . import zygote


class Nursery:
    """A zygote with these modules imported, in a process and a session of its own."""

    def __init__(self, preload: tuple[str, ...], memory: int) -> None:
        self.control, theirs = socket.socketpair()
        # -P: the program's folder must not be searched, its `math` and `json` are not the standard library's
        command = [sys.executable, "-P", str(Path(zygote.__file__).resolve()), str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(  # its own session, so that Ctrl-C reaches the caller only
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )
        path = [entry or os.getcwd() for entry in sys.path]
        self.control.sendall(zygote.frame({"path": path, "preload": preload, "memory": memory}))
        try:
            self._answer()
        except EOFError:
            self.close()
            raise RuntimeError(f"the worker program ended while it imported {', '.join(preload)}") from None

    def fork(self) -> tuple[int, socket.socket]:
        """A new worker: its process id and the channel to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [zygote.COMMAND.pack(b"F", 0)], [theirs.fileno()])
        return self._answer(), ours

    def kill(self, pid: int) -> None:
        """End a worker, whatever it does."""
        try:
            self.control.sendall(zygote.COMMAND.pack(b"K", pid))
        except OSError:
            return  # the zygote is gone, and its workers with it

    def close(self) -> None:
        """End the zygote, and its workers with it."""
        self.control.close()
        self.process.wait()

    def _answer(self) -> int:
        _, pid = zygote.COMMAND.unpack(zygote.exactly(self.control, zygote.COMMAND.size))
        return int(pid)
