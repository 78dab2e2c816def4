"""Landlock: from here on, this process and all it starts may read below a few paths, and nothing else.

It also cuts off TCP (from ABI 4), abstract sockets and signals to the outside (from ABI 6). It does not cover
metadata, `chmod`, `utime` and unix sockets with a path: the system-call filter does.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Iterator, Sequence

from . import kernel

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
GET_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
READ = READ_FILE | READ_DIR
FILE_RIGHTS = EXECUTE | 1 << 1 | READ_FILE | 1 << 14  # those that a rule on a file may give: with writing, truncating
RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 5: 16}  # how many rights on files an ABI knows
TCP_BIND_AND_CONNECT, ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3


def abi() -> int:
    """The kernel's Landlock version; 0 when there is none."""
    return max(0, int(kernel.LIBC.syscall(CREATE_RULESET, None, 0, GET_VERSION)))


def restrict(
    readable: Iterable[str], hidden: Sequence[str] = (), rights: int = READ, writable: Iterable[str] = ()
) -> None:
    """Allow reading, or these rights, below these paths only, without what lies below hidden ones; paths that do not
    exist are left out. Below writable paths everything is allowed that Landlock knows.

    Names in hidden folders can be listed: a folder's rights go down to all below it, and imports list their folders.

    Raises:
        OSError: no Landlock here, or a container's filter refuses it.
    """
    version = abi()
    handled = (1 << RIGHTS_BY_ABI[max((known for known in RIGHTS_BY_ABI if known <= version), default=1)]) - 1
    attributes = struct.pack("=Q", handled)
    if version >= 4:
        attributes += struct.pack("=Q", TCP_BIND_AND_CONNECT)
    if version >= 6:
        attributes += struct.pack("=Q", ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = kernel.check(kernel.LIBC.syscall(CREATE_RULESET, attributes, len(attributes), 0), "landlock")
    try:
        for path in readable:
            for part in _around(path, hidden):
                _allow(ruleset, part, rights)
            _allow(ruleset, path, READ_DIR)
        for path in writable:
            _allow(ruleset, path, handled)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.check(kernel.LIBC.syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)


def _around(path: str, hidden: Sequence[str]) -> Iterator[str]:
    """The path, or, where something below it is hidden, the parts of it around that."""
    real = os.path.realpath(path)
    if real in hidden:
        return
    if not any(each.startswith(real + os.sep) for each in hidden):
        yield path
        return
    for name in os.listdir(real):
        yield from _around(os.path.join(real, name), hidden)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= FILE_RIGHTS
        if rights:
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
            kernel.check(kernel.LIBC.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0), f"landlock {path}")
    finally:
        os.close(descriptor)
