"""What the source of a test wants from the program, to tell the program from a demonstration behind it."""

from __future__ import annotations

import ast
import builtins
import sys


def names_tested(source: str) -> set[str]:
    """The names that a test imports from a module of no library, else those that it calls and does not define.

    >>> sorted(names_tested("from solution import f\\ndef test_f():\\n    assert len(f(1)) == helper(2)"))
    ['f']
    >>> sorted(names_tested("assert sorted(f(1)) == [1]"))
    ['f']
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    nodes = list(ast.walk(tree))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {alias.name for node in imports if _of_program(node.module or "") for alias in node.names} - {"*"}
    if imported:
        return imported
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {alias.asname or alias.name for node in imports for alias in node.names}
    return {name for name in called - bound if not hasattr(builtins, name)}


def _of_program(module: str) -> bool:
    return module.partition(".")[0] not in {*sys.stdlib_module_names, "pytest", "numpy", "pandas"}
