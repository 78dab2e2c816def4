"""The server of one language: makes a root that holds its tools, then forks a keeper for each completion.

It runs nothing itself, sees no program, and keeps the capabilities of its own user namespace, with which it and the
keepers make namespaces and folders. A command has none of them.
"""

from __future__ import annotations

import json
import os
import socket
from typing import NoReturn

from .. import confine, kernel, landlock, namespaces, privileges, probe
from ..server import Server, connected
from . import keeper, seal
from .seal import BUILD, SCRATCH, Bounds, Walls

STREAMS = ("stdin", "stdout", "stderr")
LINKS = {"/dev/fd": "/proc/self/fd", **{f"/dev/{name}": f"/proc/self/fd/{n}" for n, name in enumerate(STREAMS)}}
ALLOWED = ("program",)  # what the root holds may be started
TRIAL = Bounds(cpu_s=5, awake_s=10, wall_s=10, memory_mb=512, process_mb=1 << 14, output_kb=64, data=True)


def main(descriptor: int) -> None:
    control, settings = connected(descriptor)
    layers = confine.Confinement(settings["layers"], ())
    readable = [*settings["toolchain"], *confine.SHARED_LIBRARIES, *confine.SYSTEM_FILES]
    layers.readable = [path for path in readable if os.path.exists(path)]
    layers.hidden = confine.package_folders(layers.readable)
    if "privileges" in layers.wanted:
        privileges.become_nobody(settings["toolchain"])
    boxed = layers.put_on("namespaces", namespaces.enter) and layers.put_on("private_root", lambda: root_of(layers))
    server = ForeignServer(control, Walls(tuple(layers.readable), "landlock" in layers.wanted and landlock.abi() > 0))
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # inherited: no command reads a keeper's memory in /proc
    escapes: list[str] = []
    if boxed:
        server.own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        escapes = trial(server, settings["caller"], settings["witness"], layers)
    else:
        layers.missing["seccomp"] = "of no use without namespaces and a private root"
    hello = {"pid": os.getpid(), "layers": layers.layers, "missing": layers.missing, "escapes": escapes}
    control.sendall(json.dumps(hello).encode())
    server.serve()


def root_of(layers: confine.Confinement) -> None:
    links = LINKS | ({"/bin": "usr/bin"} if os.path.islink("/bin") else {})
    namespaces.private_root(layers.readable, layers.hidden, folders=(BUILD, SCRATCH, "/usr/bin"), links=links)
    namespaces.make_read_only("/")


class ForeignServer(Server):
    """Forks keepers instead of children, each as process 1 of a new namespace."""

    def __init__(self, control: socket.socket, walls: Walls) -> None:
        super().__init__(control, no_open=False)
        self.walls = walls
        self.own_processes: int | None = None

    def fork(self) -> int:
        if self.own_processes is None:
            raise OSError("no namespaces")
        kernel.unshare(namespaces.PIDS)
        try:
            pid = os.fork()
        except OSError:
            self._leave_namespace(self.own_processes)
            raise
        if pid:
            self._leave_namespace(self.own_processes)
        return pid

    def _leave_namespace(self, own: int) -> None:
        """The next one gets another namespace, not the one that was made last."""
        kernel.check(kernel.LIBC.setns(own, 0), "setns")

    def live(self, channel: int) -> NoReturn:
        keeper.live(self, channel)


def trial(server: ForeignServer, caller: int, witness: str, layers: confine.Confinement) -> list[str]:
    """What a command under all layers can do that none may; empty when the box is closed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            seal.confine(TRIAL, server.walls, [SCRATCH])
            os.write(writer, " ".join(["sealed", *probe.successes(caller, witness, ALLOWED)]).encode())
        except Exception as error:
            os.write(writer, f"unsealed {type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    told, *escapes = os.read(reader, 1 << 12).decode().split(" ")
    os.close(reader)
    os.waitpid(pid, 0)
    if told == "sealed":
        layers.layers += ["privileges", "seccomp", *(["landlock"] if server.walls.landlock else [])]
        return escapes
    layers.missing["seccomp"] = " ".join(escapes)
    return []
