"""Who stands behind each name that a test reads and does not define: the test's library, or the program.

A test that says `math.isclose` without importing it means the real one, not what the program calls `math`; so do
builtin functions. But a test of `gcd` means the program's, though the standard library has one of that name. Which of
both a bare name means can be read off the test alone: what is compared with an answer of the program, or is given one,
is a tool of the test; what only ever meets the test's own values is what is tested.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from types import ModuleType
from typing import Any

TRUSTED_NAMES_FROM = ("math", "collections", "itertools", "functools", "typing", "copy", "string", "operator")
ALIASES = {"np": "numpy", "pd": "pandas"}


class Names:
    """The names of one test.

    Attributes:
        trusted: name -> value, of the test's library.
        wanted: names that the program has to supply.
        optional: names that it may supply, because nothing else is left that could be tested.
    """

    def __init__(self, source: str, entry: str | None) -> None:
        tree = ast.parse(source)
        loaded = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        read = {node.id for node in loaded} - {"candidate"}
        builtin = {name for name in read if hasattr(builtins, name)}
        library = {name: library_value(name, tree) for name in read - builtin - {entry}}
        self.trusted = {name: value for name, value in library.items() if value is not None}
        open_names = read - builtin - self.trusted.keys() - defined_names(tree)
        if entry:
            open_names |= {entry, "candidate"}
        functions = {name for name, value in self.trusted.items() if not isinstance(value, ModuleType)}
        for name in tested_names(tree, open_names, functions):
            del self.trusted[name]
            open_names.add(name)
        self.wanted = read - builtin - self.trusted.keys() | ({entry} if entry else set())
        self.optional = set() if open_names else builtin | self.trusted.keys()


def library_value(name: str, tree: ast.AST) -> Any:
    """What a test means by a name that it has not imported: a module where it takes attributes of it that this module
    has, else a public function or class of the few modules that tests use so; None where it means neither.

    Raises:
        ImportError: the module is not there.
    """
    module = ALIASES.get(name, name)
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _is_name(n.value, name)}
    if attributes and (name in ALIASES or module in sys.stdlib_module_names or module in sys.modules):
        found = importlib.import_module(module)
        if name in ALIASES or all(hasattr(found, attribute) for attribute in attributes):
            return found
    for owner in TRUSTED_NAMES_FROM:
        public = getattr(sys.modules[owner], "__all__", None) or dir(sys.modules[owner])
        if name in public and not name.startswith("_"):
            return getattr(sys.modules[owner], name)
    return None


def defined_names(tree: ast.AST) -> set[str]:
    """What a test binds itself, anywhere."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def tested_names(tree: ast.AST, of_the_program: set[str], ambiguous: set[str]) -> set[str]:
    """Of the names that both the library and the program may have, those that the test puts to the test.

    Such a name is called, its answers are asserted, and neither its answers nor its arguments ever meet those of
    another name. In every doubt the library's is meant, which no program can forge.
    """
    local = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    asked: set[str] = set()
    otherwise: set[str] = set()  # stored, raised, caught, given to a stranger: used as more than a function to ask
    for node in ast.walk(tree):
        used = {each.id for each in ast.iter_child_nodes(node) if isinstance(each, ast.Name)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            asked |= used if node.func.id in local else {node.func.id}
            used -= used if node.func.id in local else {node.func.id}
        otherwise |= used
    candidates = ambiguous & asked - otherwise - defined_names(tree)
    if not candidates:
        return set()
    flow = Flow(tree, of_the_program | candidates)
    asserted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Compare, ast.Call, ast.BinOp)):
            together = flow.sources(node)
            if len(together) > 1:
                candidates -= together
        if isinstance(node, (ast.Assert, ast.Compare)) or _is_assertion(node):
            asserted |= flow.sources(node)
    return candidates & asserted


class Flow:
    """From which open names the value of each variable may come; without regard to order, so rather too many."""

    def __init__(self, tree: ast.AST, open_names: set[str]) -> None:
        self.open_names = open_names
        self.of: dict[str, set[str]] = defaultdict(set)
        self.changed_by: dict[str, set[str]] = defaultdict(set)
        self._functions = {n.name: n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        size = -1
        while size != (size := sum(map(len, [*self.of.values(), *self.changed_by.values()]))):
            for node in ast.walk(tree):
                self._follow(node)

    def sources(self, *nodes: ast.AST | None) -> set[str]:
        """The open names behind what these expressions give. What an answerer has changed counts where it is looked at,
        not where it is only handed to the next one."""
        found: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Name):
                found |= {node.id} if node.id in self.open_names else self.of[node.id] | self.changed_by[node.id]
            elif isinstance(node, ast.Call) and (asked := self.sources(node.func)):
                found |= asked.union(*(self._handed(each) for each in _arguments(node)))
            elif node is not None:
                found |= self.sources(*ast.iter_child_nodes(node))
        return found

    def _handed(self, node: ast.AST) -> set[str]:
        if isinstance(node, ast.Name) and node.id not in self.open_names:
            return self.of[node.id]
        return self.sources(node)

    def _follow(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            self._bind(self.sources(node.value), *node.targets)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            self._bind(self.sources(node.value), node.target)
        elif isinstance(node, (ast.For, ast.comprehension)):
            self._bind(self.sources(node.iter), node.target)
        elif isinstance(node, ast.withitem):
            self._bind(self.sources(node.context_expr), node.optional_vars)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self.of[node.name] |= self.sources(*node.decorator_list, *_returned(node))
        elif isinstance(node, ast.Call):
            self._call(node)

    def _bind(self, found: set[str], *targets: ast.AST | None) -> None:
        for target in targets:
            for name in _names(target):
                self.of[name] |= found

    def _call(self, node: ast.Call) -> None:
        """A function may change what it is given, and a method what it belongs to."""
        arguments = _arguments(node)
        asked, given = self.sources(node.func), self.sources(*arguments)
        for argument in arguments:
            for name in _names(argument):
                self.changed_by[name] |= asked
        if isinstance(node.func, ast.Attribute) and not _is_assertion(node):
            self._bind(given, node.func.value)
        elif isinstance(node.func, ast.Name) and node.func.id in self._functions:
            for each in ast.walk(self._functions[node.func.id]):
                if isinstance(each, ast.arg):
                    self.of[each.arg] |= given


def _names(node: ast.AST | None) -> list[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)] if node is not None else []


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _returned(definition: ast.AST) -> Iterator[ast.AST | None]:
    for node in ast.walk(definition):
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
            yield node.value


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_assertion(node: ast.AST) -> bool:
    """`self.assertEqual(…)` and its like."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("assert")
