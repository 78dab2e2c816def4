"""Whether the tools of a language are on this machine, where they are, and what they read."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import JuryboxError

SECONDS = 30
BASH_TOOLS = (
    "awk", "basename", "bc", "cat", "comm", "cp", "cut", "date", "diff", "dirname", "expand", "expr", "factor", "find",
    "fold", "grep", "egrep", "fgrep", "gawk", "mawk", "head", "join", "jq", "ln", "ls", "mkdir", "mktemp", "mv", "nl",
    "numfmt", "od", "paste", "printf", "rev", "rm", "rmdir", "sed", "seq", "sh", "shuf", "sleep", "sort", "split",
    "stat", "tac", "tail", "tee", "test", "touch", "tr", "true", "false", "tsort", "uniq", "wc", "xargs", "yes",
    "base64", "cksum", "md5sum", "sha1sum", "sha256sum", "env", "echo", "dc", "column", "timeout",
)  # fmt: skip
REMEDIES = {
    "cpp": "install a C++ compiler and its linker, for example `apt install g++`",
    "javascript": "install Node.js, for example `apt install nodejs`",
    "bash": "install `bash`",
    "sql": "use a Python with sqlite3, for example `apt install libsqlite3-0`",
}
TOOLED = ("cpp", "javascript", "bash")


class ToolchainMissing(JuryboxError, RuntimeError):  # noqa: N818 - the name says what happened
    """The tools of a language are not on this machine."""

    def __init__(self, language: str, why: str) -> None:
        super().__init__(f"{language} programs cannot be judged here: {why}; to mend it, {REMEDIES[language]}")


@dataclass(frozen=True)
class Toolchain:
    """The tools of one language.

    Attributes:
        language: its name.
        program: what compiles or interprets.
        version: what that says of itself.
        readable: every path that the box has to show.
    """

    language: str
    program: str
    version: str
    readable: tuple[str, ...]


@functools.cache
def find(language: str) -> Toolchain:
    """The tools of a language, one of `TOOLED`.

    Raises:
        ToolchainMissing: something is not there or does not run; the message says what, and how to mend it.
    """
    return {"cpp": _cpp, "javascript": _javascript, "bash": _bash}[language]()


def find_sqlite() -> None:
    """Raises ToolchainMissing when this Python was built without SQLite."""
    if importlib.util.find_spec("_sqlite3") is None:
        raise ToolchainMissing("sql", "this Python has no sqlite3 module")


def _cpp() -> Toolchain:
    compiler = _which("cpp", "g++")
    version = _said("cpp", compiler, "-dumpfullversion", "-dumpversion").strip()
    programs = [_said("cpp", compiler, f"-print-prog-name={name}").strip() for name in ("as", "ld", "cc1plus")]
    programs = [path if os.path.isabs(path) else _which("cpp", path) for path in programs]
    if missing := [path for path in programs if not os.path.exists(path)]:
        raise ToolchainMissing("cpp", f"{compiler} wants {missing[0]}, which is not there")
    readable = [compiler, *programs, *_folders_of_compiler(compiler)]
    return Toolchain("cpp", compiler, f"g++ {version}", _outermost(readable))


def _folders_of_compiler(compiler: str) -> Iterator[str]:
    """Where it looks for headers, for libraries and for its own parts."""
    told = _said("cpp", compiler, "-E", "-v", "-x", "c++", os.devnull)
    found = re.search(r"^#include <\.\.\.> search starts here:\n(.*?)^End of search list", told, re.M | re.S)
    searched = _said("cpp", compiler, "-print-search-dirs")
    folders = [line.strip() for line in found[1].splitlines()] if found else []
    for line in searched.splitlines():
        folders += line.partition(": ")[2].lstrip("=").split(":")
    for folder in map(os.path.normpath, folders):
        if os.path.isdir(folder) and folder not in ("/", "/usr"):
            yield folder


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that lie in no other."""
    kept: list[str] = []
    for path in sorted(set(paths), key=len):
        if not any(path.startswith(other + os.sep) for other in kept):
            kept.append(path)
    return tuple(kept)


def _javascript() -> Toolchain:
    for name in ("node", "nodejs"):
        if program := shutil.which(name):
            version = _said("javascript", program, "--version").strip()
            return Toolchain("javascript", program, f"node {version}", (program,))
    raise ToolchainMissing("javascript", "there is no `node` on the PATH")


def _bash() -> Toolchain:
    program = _which("bash", "bash")
    version = _said("bash", program, "--version").splitlines()[0]
    tools = [path for name in BASH_TOOLS if (path := shutil.which(name, path="/usr/bin:/bin"))]
    return Toolchain("bash", program, version, (program, *tools))


def _which(language: str, name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise ToolchainMissing(language, f"there is no `{name}` on the PATH")
    return found


def _said(language: str, *command: str) -> str:
    """What a tool says, on both streams."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
            check=True, text=True, errors="replace", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainMissing(language, f"`{' '.join(command)}` fails: {error}") from error
    return done.stdout
