"""Giving up power: another user where that is possible, and every capability."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable

from . import kernel

NOBODY = 65534
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63


def become_nobody(needed: Iterable[str]) -> bool:
    """From root to the user `nobody`, if that user can read what the interpreter needs. Whether it did.

    A home directory with mode 700 above the interpreter breaks late imports, so a forked process tries it first.
    """
    if os.getuid() != 0 or not _nobody_can_read(needed):
        return False
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root, and the namespace cannot be mapped
    return True


def _nobody_can_read(paths: Iterable[str]) -> bool:
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        os._exit(0 if all(os.access(path, os.R_OK) for path in paths if os.path.lexists(path)) else 1)
    finally:
        os._exit(1)


def drop_all() -> bool:
    """Empty the bounding set and the capability sets; whether the kernel agrees that nothing is left."""
    for capability in range(LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):  # unknown to this kernel, or not ours to drop
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(struct.pack("=6I", 0, 0, 0, 0, 0, 0))
    kernel.check(kernel.LIBC.capset(header, nothing), "capset")
    with open("/proc/self/status") as status:
        sets = dict(line.split(":\t") for line in status if line.startswith("Cap"))
    return all(int(sets[name], 16) == 0 for name in ("CapEff", "CapPrm"))
