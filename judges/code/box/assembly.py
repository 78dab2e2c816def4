"""From a completion's code and what stands before it to a program that compiles.

Done here, in the box, since it takes a compiler to tell what was meant: a whole program that needs nothing before it
but the prompt's imports, or the rest of the function that the prompt begins.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from .program import CompileError, compile_program

FUTURE = re.compile(r"^from __future__ import .*$", re.M)
STARTER_MODULES = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics", "itertools",
    "functools", "operator", "io", "json", "builtins", "typing",
)  # fmt: skip
STARTER_ALONE = (*STARTER_MODULES, "sys", "os", "time")
STARTER_RECURSION = 50_000


def compiled(task: dict[str, Any]) -> CodeType:
    """The program of a task. Raises CompileError, that of the likeliest form."""
    code, prefix = str(task["code"]), str(task.get("prefix") or "")
    failure: CompileError | None = None
    for form in forms(code, prefix, task.get("entry")) if prefix else [code]:
        try:
            return compile_program(form)
        except CompileError as error:
            failure = failure or error
    raise failure or CompileError("nothing to compile")


def forms(code: str, prefix: str, entry: str | None) -> Iterator[str]:
    """The program behind its prefix, in the forms that may be meant, the likeliest first."""
    opened = prefix.rstrip().endswith(":") or prefix.rstrip("\n").rpartition("\n")[2][:1] in (" ", "\t")
    if defines(code, entry) or not opened:
        yield from _whole(code, prefix)
    if opened:
        yield prefix + "\n" + "\n".join(f"    {line}" for line in code.split("\n"))
        yield f"{prefix}\n    {code}"
        yield from _whole(code, prefix)


def _whole(code: str, prefix: str) -> Iterator[str]:
    futures = "\n".join(FUTURE.findall(code))
    rest = FUTURE.sub("", code) if futures else code
    for before in (prefix, f"{prefix}\n    pass"):
        yield f"{futures}\n{before}\n{rest}" if futures else f"{before}\n{rest}"
    yield code


def defines(code: str, entry: str | None) -> bool:
    """Whether the code is a program of its own and defines the entry."""
    try:
        compile_program(code)
    except CompileError:
        return False
    root, _dot, _name = (entry or "").partition(".")
    for node in ast.parse(code).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name in (root, "Solution"):
            return True
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == root for target in targets):
            return True
    return False


@functools.cache
def _starter_names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in STARTER_MODULES:
        module = importlib.import_module(name)
        public = getattr(module, "__all__", None) or [key for key in vars(module) if not key.startswith("_")]
        found |= {key: getattr(module, key) for key in public}
    return found | {name: importlib.import_module(name) for name in STARTER_ALONE if name != "datetime"}


def give_starter_names(namespace: dict[str, Any]) -> None:
    """What the runners of LiveCodeBench, APPS and TACO give every program: their star imports, and deep recursion."""
    namespace.update({**_starter_names(), **namespace})
    sys.setrecursionlimit(STARTER_RECURSION)
