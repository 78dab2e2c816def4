"""What is compiled and run for a program, and within which bounds: the task of a keeper (`..box.foreign.keeper`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..outside.limits import Limits
from ..outside.session import PATIENCE
from .toolchains import Toolchain

BUILD = "/build"
ASLEEP = 2.0  # so many times its limit may a program take that does not wait for a core: it has to be loaded, too
COMPILER = {
    "cpu_s": 10, "awake_s": 30, "wall_s": 60, "memory_mb": 1536, "process_mb": 2048, "output_kb": 256,
    "processes": 16, "stack_mb": 64,
}  # fmt: skip
STACK_MB = 64  # programs of contests recurse deeply
SPARE_MB = {"cpp": 512, "javascript": 1024, "bash": 0}  # of a process's own, beyond what it may hold in memory
RUNTIME_MB = {"cpp": 16, "javascript": 96, "bash": 32}  # what it holds before the program holds anything
BASH_PROCESSES = 64


def recipe(toolchain: Toolchain, files: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    """The task that builds and runs these files; the first is the program.

    A C++ program is bounded in its address space. Node reserves far more of that than it uses, so it is bounded in
    private writable memory, of which it takes a good deal before it starts, and in its heap. The scripts of Bash may
    start processes, each with an address space; together they may hold `memory_mb`.
    """
    main = f"{BUILD}/{next(iter(files))}"
    task: dict[str, Any] = {"files": dict(files), "bounds": bounds(toolchain.language, limits)}
    if toolchain.language == "cpp":
        flags = ["-std=gnu++2a", "-O2", "-fmax-errors=5", "-fdiagnostics-color=never"]
        product = f"{BUILD}/program"
        task |= {"compile": [toolchain.program, *flags, "-o", product, main, "-pthread"], "compile_bounds": COMPILER}
        return task | {"run": [product], "product": "program"}
    if toolchain.language == "javascript":
        return task | {"run": [toolchain.program, f"--max-old-space-size={limits.memory_mb}", main]}
    return task | {"run": [toolchain.program, main]}


def bounds(language: str, limits: Limits) -> dict[str, Any]:
    """What a run of a program may take."""
    return {
        "cpu_s": limits.wall_s,
        "awake_s": ASLEEP * limits.wall_s,
        "wall_s": PATIENCE * limits.wall_s,
        "memory_mb": limits.memory_mb + RUNTIME_MB[language],
        "process_mb": limits.memory_mb + RUNTIME_MB[language] + SPARE_MB[language],
        "output_kb": limits.output_kb,
        "data": language == "javascript",
        "processes": BASH_PROCESSES if language == "bash" else 1,
        "stack_mb": STACK_MB if language == "cpp" else 8,
        "counted": language != "bash",
    }
