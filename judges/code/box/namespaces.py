"""Namespaces: a machine with no network, no other processes, and a root that holds only the interpreter's library.

Made once per server and inherited by its children for nothing. The server is process 1 of its process namespace, so
whatever ends it, however hard, ends every child with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import kernel

USER, PIDS, NETWORK, IPC, MOUNTS, HOSTNAME = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x00020000, 0x04000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_RECURSIVE, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
MNT_DETACH = 2
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000  # the number is the same on every architecture
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
NO_LINKS: Mapping[str, str] = {}
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def enter() -> None:
    """Go on as process 1 of new namespaces; the process that was there before only waits for the end.

    Raises:
        OSError: refused, as inside most containers; nothing has changed then.
    """
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(USER | PIDS | NETWORK | IPC | MOUNTS | HOSTNAME)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    outside = os.getpid()
    server = os.fork()
    if server:
        _wait_for(server)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (0, outside):  # the waiting process is gone already
        os._exit(1)


def _wait_for(server: int) -> None:
    os.closerange(0, 1 << 20)  # above all the control socket: the caller must see its end when the server ends
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server, 0)
    os._exit(0)


def private_root(
    readable: Iterable[str],
    hidden: Iterable[str] = (),
    folders: Iterable[str] = (),
    links: Mapping[str, str] = NO_LINKS,
) -> None:
    """A root file system in memory with these paths bound in, and a /proc that shows only this namespace.

    Hidden folders below these paths are empty. `folders` are empty too, places to mount on; `links` are symbolic.

    The old root stays below `/old` until everything is bound, so that paths below the place of the new root, `/tmp`,
    can be bound as well.

    Raises:
        OSError: mounting is refused. Nothing that is visible has changed then.
    """
    sources = {path: os.path.realpath(path) for path in (*readable, *DEVICES) if os.path.exists(path)}
    kernel.mount("none", "/", None, MS_RECURSIVE | MS_PRIVATE)
    kernel.mount("jurybox", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755")
    os.mkdir("/tmp/proc")
    try:
        kernel.mount("proc", "/tmp/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError:
        kernel.check(kernel.LIBC.umount2(b"/tmp", MNT_DETACH), "umount")
        raise
    os.mkdir("/tmp/old")
    kernel.check(kernel.LIBC.pivot_root(b"/tmp", b"/tmp/old"), "pivot_root")
    os.chdir("/")
    for path, source in sources.items():
        _bind(Path(f"/old{source}"), Path(path))
    for path in hidden:
        if os.path.isdir(path):
            kernel.mount("none", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=755")
    for path in folders:
        Path(path).mkdir(parents=True, exist_ok=True)
    for path, target in links.items():
        Path(path).symlink_to(target)
    kernel.check(kernel.LIBC.umount2(b"/old", MNT_DETACH), "umount")
    os.rmdir("/old")
    kernel.mount("none", "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def make_read_only(root: str) -> None:
    """This mount and every one below it, for good. Raises OSError, also on a kernel before 5.12."""
    attributes = struct.pack("=4Q", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    arguments = (AT_FDCWD, root.encode(), AT_RECURSIVE, attributes, len(attributes))
    kernel.check(kernel.LIBC.syscall(MOUNT_SETATTR, *arguments), "mount_setattr")


def _bind(source: Path, target: Path) -> None:
    if target.exists():  # below a path that is bound already
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    kernel.mount(str(source), str(target), None, MS_BIND | MS_RECURSIVE)
