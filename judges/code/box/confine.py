"""Puts the layers on, in the only order in which they fit on top of each other, and says which ones hold."""

from __future__ import annotations

import glob
import os
import sys
import sysconfig
from collections.abc import Callable, Sequence

from . import kernel, landlock, namespaces, privileges, seccomp
from .filter import server_filter

SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
SYSTEM_FILES = ("/etc/localtime", "/usr/share/zoneinfo", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class Confinement:
    """What holds: `layers` that are on, and for every other one why not, in `missing`."""

    def __init__(self, wanted: Sequence[str], packages: Sequence[str]) -> None:
        self.wanted = set(wanted)
        self.readable = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *packages]
        self.readable += [*SHARED_LIBRARIES, *SYSTEM_FILES, *_interpreter_libraries()]
        self.hidden = [path for path in package_folders(self.readable) if not _is_within(path, packages)]
        self.layers: list[str] = []
        self.missing: dict[str, str] = {}

    def put_on(self, layer: str, how: Callable[[], object]) -> bool:
        """Try one layer and note the outcome. A refusal is an answer, not an error: the caller has the policy."""
        if layer not in self.wanted:
            self.missing[layer] = "switched off"
            return False
        try:
            if how() is False:
                raise OSError("not possible here")
        except (OSError, AttributeError, KeyError) as error:  # a libc without the call, an unknown architecture
            self.missing[layer] = str(error)
            return False
        self.layers.append(layer)
        return True

    def before_imports(self) -> None:
        """Another user and namespaces. Forks: the process that goes on may be another than before."""
        library = self.readable[0]
        if "privileges" in self.wanted:
            privileges.become_nobody([library, os.path.join(library, "os.py"), sys.executable])
        if self.put_on("namespaces", namespaces.enter):
            self.put_on("private_root", lambda: namespaces.private_root(self.readable, self.hidden))
        else:
            self.missing.setdefault("private_root", "needs namespaces")

    def after_imports(self) -> None:
        """What may be read, what may be asked of the kernel, and no way back."""
        self.put_on("privileges", privileges.drop_all)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # inherited: a candidate cannot read the tester's memory in /proc
        self.put_on("landlock", lambda: landlock.restrict(self.readable, self.hidden))
        self.put_on("seccomp", lambda: seccomp.install(server_filter()))


def _interpreter_libraries() -> list[str]:
    """Where the interpreter's own shared libraries lie, when not with the system's."""
    return glob.glob(os.path.join(sys.base_prefix, "lib", "libpython*"))


def package_folders(readable: Sequence[str]) -> list[str]:
    """Folders of installed packages below what may be read: they are not the interpreter's, and may hold anything."""
    patterns = [os.path.join(path, *below, f"{kind}-packages") for path in readable for below in ((), ("python*",))
                for kind in ("site", "dist")]  # fmt: skip
    found = [path for pattern in patterns for path in glob.glob(pattern)]
    return sorted({*found, *map(os.path.realpath, found)})  # a private root has folders where there were links


def _is_within(path: str, packages: Sequence[str]) -> bool:
    """Whether a folder is one that modules are preloaded from, or holds or lies in such a one."""
    return any(os.path.commonpath([path, real]) in (path, real) for real in map(os.path.realpath, packages))
