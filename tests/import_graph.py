"""Which module imports which, read off the source: for the test that no imports run in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

Graph = dict[str, set[str]]


def import_graph(root: Path, folder: str) -> Graph:
    """The imports among the modules of one folder, those inside functions and through `importlib` included.

    Imports under `if TYPE_CHECKING:` are left out: they never run.
    """
    modules = {dotted(path, root): path for path in sorted((root / folder).rglob("*.py"))}
    graph: Graph = {}
    for name, path in modules.items():
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        named = {nearest(target, modules) for target in targets(ast.parse(path.read_text()), package)}
        graph[name] = {target for target in named if target and target != name}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one module, sorted (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in graph[node]:
            if target not in order:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == order[node]:
            place = stack.index(node)
            component = stack[place:]
            del stack[place:]
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in order:
            visit(node)
    return sorted(found)


def dotted(path: Path, root: Path) -> str:
    """The name of a module without `jurybox.`; a package is called after its folder."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def nearest(target: str, modules: dict[str, Path]) -> str | None:
    """The module that a dotted name lies in: itself, or the one that defines it."""
    if target in modules:
        return target
    parent = target.rpartition(".")[0]
    return parent if parent in modules else None


def targets(tree: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that a module of `package` imports."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("jurybox.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = relative(node.level, node.module or "", package)
            yield from (f"{source}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and called(node) in ("import_module", "__import__"):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                level = len(name.value) - len(name.value.lstrip("."))
                yield relative(level, name.value.lstrip("."), package)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below one, without what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from (other, *running(other))
            continue
        yield child
        yield from running(child)


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def relative(level: int, module: str, package: str) -> str:
    """An absolute dotted name without `jurybox.`."""
    if not level:
        return module.removeprefix("jurybox.")
    above = package.split(".")
    return ".".join([*above[: len(above) + 1 - level], *filter(None, [module])])
