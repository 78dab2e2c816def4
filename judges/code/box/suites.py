"""What a test's source defines and leaves to a runner: `check(candidate)`, unittest's classes, pytest's functions.

The first failure ends the test, as an exception; a skipped test is as if it were not there.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import itertools
import types
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from .fixtures import Fixtures
from .lending import TEST_MODULE
from .patches import Watch
from .pytest_like import Fixture, Mark, Skipped


def run_defined(tree: ast.Module, namespace: dict[str, Any], watch: Watch) -> None:
    """Run all that the source defines. Raises what the first failing test raised."""
    cases = [value for value in namespace.values() if _is_case(value)]
    run_cases(cases)
    functions = Functions(namespace, watch, called_by(tree))
    functions.run()


def calls_left_out(tree: ast.Module, name: str) -> bool:
    """Whether the source defines a function of that name and leaves calling it to us, as HumanEval does."""
    defined = any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
    called = any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == name
        for node in tree.body
    )
    return defined and not called


def without_main_guard(tree: ast.Module) -> ast.Module:
    """A file that tests nothing but under its main guard, as the one that is run."""
    guards = [node for node in tree.body if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)]
    defines = any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name.lower().startswith("test")
        for node in tree.body
    )
    cases = any(isinstance(node, ast.ClassDef) and node.bases for node in tree.body)
    if defines or cases or not guards:
        return tree
    body = [each for node in tree.body for each in (node.body if node in guards else [node])]
    return ast.fix_missing_locations(ast.Module(body, []))


def called_by(tree: ast.Module) -> set[str]:
    """The functions that the source calls itself."""
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


# unittest


class FirstFailure(unittest.TestResult):
    """Keeps the first failure, as the exception it was."""

    error: BaseException | None = None

    def addError(self, _test: Any, error: Any) -> None:  # noqa: N802
        self._keep(error[1])

    def addFailure(self, _test: Any, error: Any) -> None:  # noqa: N802
        self._keep(error[1])

    def addSubTest(self, _test: Any, _subtest: Any, error: Any) -> None:  # noqa: N802
        if error is not None:
            self._keep(error[1])

    def addUnexpectedSuccess(self, _test: Any) -> None:  # noqa: N802
        self._keep(AssertionError("a test that should fail succeeded"))

    def _keep(self, error: BaseException) -> None:
        self.error = self.error or error
        self.stop()


def run_cases(cases: list[type[unittest.TestCase]]) -> None:
    """Run unittest's classes, one after the other."""
    for case in cases:
        result = FirstFailure()
        unittest.TestSuite([unittest.defaultTestLoader.loadTestsFromTestCase(case)]).run(result)
        if result.error is not None:
            raise result.error


def _is_case(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, unittest.TestCase) and value.__module__ == TEST_MODULE


# pytest


class Functions:
    """The functions and classes that pytest would find in a file."""

    def __init__(self, namespace: dict[str, Any], watch: Watch, called: set[str]) -> None:
        self.namespace = namespace
        self.watch = watch
        self.called = called
        self.fixtures = {value.name: value for value in namespace.values() if isinstance(value, Fixture)}

    def run(self) -> None:
        """Run them in the order of the file."""
        self._hook("setup_module")
        for name, value in list(self.namespace.items()):
            if name.startswith("test") and _is_function(value) and not self._helper(name, value):
                self._run_marked(value, [value], None)
            elif name.startswith("Test") and _is_test_class(value):
                self._run_class(value)

        self._hook("teardown_module")

    def _hook(self, name: str) -> None:
        hook = self.namespace.get(name)
        if inspect.isfunction(hook):
            hook(*([types.SimpleNamespace(**self.namespace)] if inspect.signature(hook).parameters else []))

    def _helper(self, name: str, function: Callable[..., Any]) -> bool:
        """Whether the file calls it itself, with arguments that are no fixtures."""
        return name in self.called and bool(inspect.signature(function).parameters)

    def _run_class(self, kind: type) -> None:
        marked = [kind]
        fixtures = {value.name: value for value in vars(kind).values() if isinstance(value, Fixture)}
        everywhere, self.fixtures = self.fixtures, self.fixtures | fixtures
        try:
            if hasattr(kind, "setup_class"):
                kind.setup_class()
            for name, value in _members(kind):
                if name.startswith("test"):
                    self._run_marked(value, [*marked, value], kind)
            if hasattr(kind, "teardown_class"):
                kind.teardown_class()
        finally:
            self.fixtures = everywhere

    def _run_marked(self, function: Callable[..., Any], marked: list[Any], kind: type | None) -> None:
        marks = [mark for owner in marked for mark in getattr(owner, "_jurybox_marks", ())]
        if any(mark.skips() for mark in marks):
            return
        names = [name for name in inspect.signature(function).parameters if name != "self"]
        used = {str(name) for mark in marks if mark.name == "usefixtures" for name in mark.args}
        used |= {fixture.name for fixture in self.fixtures.values() if fixture.autouse}
        indirect = _indirect(marks)
        for both in _parameters(marks):
            values = {name: value for name, value in both.items() if name not in indirect}
            told = {name: value for name, value in both.items() if name in indirect}
            for params in self._fixture_params([*used, *names], values):
                chosen = {**params, **told}
                with contextlib.suppress(Skipped, unittest.SkipTest):
                    self._run_once(function, kind, sorted(used), names, values, chosen)

    def _fixture_params(self, names: list[str], values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every choice of parameters of the fixtures that these names need."""
        needed: dict[str, Fixture] = {}
        waiting = [name for name in names if name not in values]
        while waiting:
            name = waiting.pop()
            if name in self.fixtures and name not in needed:
                needed[name] = self.fixtures[name]
                waiting += inspect.signature(needed[name].function).parameters
        parametrized = {name: fixture.params for name, fixture in needed.items() if fixture.params is not None}
        for choice in itertools.product(*parametrized.values()):
            chosen = (_values_of(one)[0] if isinstance(one, types.SimpleNamespace) else one for one in choice)
            yield dict(zip(parametrized, chosen, strict=True))

    def _run_once(
        self,
        function: Callable[..., Any],
        kind: type | None,
        used: list[str],
        names: list[str],
        values: dict[str, Any],
        chosen: dict[str, Any],
    ) -> None:
        instance = None if kind is None else kind()
        with contextlib.ExitStack() as exits:
            fixtures = Fixtures(self.fixtures, self.watch, instance, exits)
            fixtures.params = chosen
            self._around(instance or types.SimpleNamespace(**self.namespace), function, instance is None, exits)
            for name in used:
                fixtures.get(name)
            defaults = {n for n, p in inspect.signature(function).parameters.items() if p.default is not p.empty}
            needed = [name for name in names if name in values or name not in defaults]
            given = {name: values[name] if name in values else fixtures.get(name) for name in needed}
            outcome = function(*([] if instance is None else [instance]), **given)
            if inspect.iscoroutine(outcome):
                asyncio.run(outcome)

    def _around(self, owner: Any, function: Callable[..., Any], plain: bool, exits: contextlib.ExitStack) -> None:
        """What runs before and after each test by its name."""
        kind = "function" if plain else "method"
        for name, run in ((f"setup_{kind}", _now), (f"teardown_{kind}", exits.callback)):
            hook = getattr(owner, name, None)
            if hook is not None:
                run(hook, *([function] if inspect.signature(hook).parameters else []))


def _now(hook: Callable[..., Any], *arguments: Any) -> None:
    hook(*arguments)


def _is_function(value: Any) -> bool:
    """A test that the file defines: not a fixture, nothing imported, no generator."""
    own = inspect.isfunction(value) and getattr(value, "__module__", "") == TEST_MODULE
    return own and not inspect.isgeneratorfunction(value)


def _is_test_class(value: Any) -> bool:
    own = inspect.isclass(value) and value.__module__ == TEST_MODULE and not issubclass(value, unittest.TestCase)
    return own and "__init__" not in vars(value)


def _members(kind: type) -> list[tuple[str, Any]]:
    """Methods in the order of the file, those of a base first."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        found |= {name: value for name, value in vars(base).items() if inspect.isfunction(value)}
    return list(found.items())


def _parameters(marks: list[Mark]) -> Iterator[dict[str, Any]]:
    """Every choice of the sets of parameters that the marks list."""
    lists = []
    for mark in marks:
        if mark.name == "parametrize":
            names = mark.args[0] if mark.args else mark.kwargs["argnames"]
            rows = mark.args[1] if len(mark.args) > 1 else mark.kwargs["argvalues"]
            lists.append(list(_rows(names, rows)))
    for choice in itertools.product(*reversed(lists)):
        yield {name: value for row in choice for name, value in row.items()}


def _indirect(marks: list[Mark]) -> set[str]:
    """The names whose values go to fixtures of these names."""
    found: set[str] = set()
    for mark in marks:
        chosen = mark.kwargs.get("indirect") if mark.name == "parametrize" else None
        found |= set(_split(mark.args[0] if mark.args else mark.kwargs["argnames"]) if chosen is True else chosen or ())
    return found


def _split(names: Any) -> list[str]:
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _rows(names: Any, rows: Any) -> Iterator[dict[str, Any]]:
    split = _split(names)
    single = isinstance(names, str) and len(split) == 1
    for row in rows:
        if isinstance(row, types.SimpleNamespace) and hasattr(row, "_jurybox_values"):
            if row.skipped:
                continue
            values: Any = _values_of(row)
        else:
            values = (row,) if single else row
        yield dict(zip(split, values, strict=True))


def _values_of(row: Any) -> Any:
    return row._jurybox_values


# doctest


def statements_of(source: str) -> str:
    """The statements of a text of examples, as source."""
    return "\n".join(example.source for example in doctest.DocTestParser().get_examples(source))


def run_examples(source: str, namespace: dict[str, Any]) -> None:
    """Run examples as they stand in a docstring. Raises AssertionError at the first that shows something else."""
    test = doctest.DocTestParser().get_doctest(source, namespace, TEST_MODULE, None, 0)
    runner = doctest.DebugRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    try:
        runner.run(test, clear_globs=False)
    except doctest.DocTestFailure as failure:
        raise AssertionError(f"{failure.example.source.strip()} showed {failure.got.strip()!r:.200}") from None
    except doctest.UnexpectedException as failure:
        raise failure.exc_info[1] from None
