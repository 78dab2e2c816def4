"""One run of one test's source, with whatever stands behind its names, and whether the test itself is at fault.

A test that fails or passes before it has asked the program anything is tried again with nobody behind the names. If it
does not come to ask even then, no program could have passed or failed it: that is the test's fault, and no program can
bring it about.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from . import suites
from .lending import TEST_MODULE
from .modules import TEST_PACKAGE, ProgramFinder, unused_modules
from .names import Names
from .patches import Watch


class Trial:
    """A test's source, compiled.

    Raises:
        SyntaxError, ValueError: it is no source.
        ImportError: it needs a module that is not there.
    """

    def __init__(self, source: str, setup: str, entry: str | None, finder: ProgramFinder, watch: Watch) -> None:
        self._examples = source if source.lstrip().startswith(">>>") else ""
        source = suites.statements_of(source) if self._examples else source
        self._setup = _compiled(setup)
        tree = ast.parse(source)
        self._tree = suites.without_main_guard(tree)
        source = source if self._tree is tree else ast.unparse(self._tree)
        self._code = _compiled("" if self._examples else source)
        self._classes = {node.name for node in ast.parse(setup).body if isinstance(node, ast.ClassDef)}
        self.names = Names(f"{setup}\n{source}", entry)
        self._entry = entry
        self._calls_check = bool(entry) and suites.calls_left_out(self._tree, "check")
        self._finder = finder
        finder.unused = unused_modules(self._tree)
        self._watch = watch

    def run(self, found: Mapping[str, Any], share: Callable[[dict[str, type]], object] | None = None) -> None:
        """Run it with these values of its names; `share` is told the classes that its setup defines.

        Raises whatever it raises.
        """
        entry = self._entry
        tested = {entry: found[entry], "candidate": found[entry]} if entry and entry in found else {}
        module = ModuleType(TEST_MODULE)
        sys.modules[TEST_MODULE] = module
        namespace = module.__dict__
        namespace.update({**found, **tested, "__name__": TEST_MODULE, "__package__": f"{TEST_PACKAGE}.unit"})
        exec(self._setup, namespace)
        namespace.update(tested)  # a setup may define helpers, and a bare form of what is tested
        if share is not None:
            share({name: namespace[name] for name in self._classes if isinstance(namespace.get(name), type)})
        exec(self._code, namespace)
        if self._examples:
            suites.run_examples(self._examples, namespace)
        if self._calls_check:
            if "candidate" not in namespace:
                raise NameError(f"name {self._entry!r} is not defined", name=self._entry)
            namespace["check"](namespace["candidate"])
        suites.run_defined(self._tree, namespace, self._watch)

    def fault(self) -> str:
        """What is wrong about the test, whoever is tested; empty when it asks somebody something."""
        nobody = Nobody()
        supply, self._finder.supply = self._finder.supply, lambda _name: nobody
        wanted = self.names.wanted | self.names.optional
        try:
            self.run(self.names.trusted | dict.fromkeys(wanted, nobody))
        except BaseException as error:
            fault = f"the test raises {type(error).__name__}, whatever the program: {error}"[:300]
        else:
            fault = "the test never calls the program"
        finally:
            self._finder.supply = supply
        return "" if nobody.was_asked() else fault


class Asked(BaseException):
    """Somebody asked nobody. No `Exception`, so that no test takes it for an answer."""


class Nobody:
    """Stands for a program that is not there, and remembers whether anything was asked of it."""

    def __init__(self) -> None:
        object.__setattr__(self, "_questions", [])

    def was_asked(self) -> bool:
        return bool(object.__getattribute__(self, "_questions"))

    def __getattribute__(self, name: str) -> Any:
        if name == "was_asked" or (name.startswith("__") and name.endswith("__")):
            return object.__getattribute__(self, name)
        return _ask(self)


def _ask(nobody: Nobody, *_args: Any, **_kwargs: Any) -> Any:
    object.__getattribute__(nobody, "_questions").append(1)
    raise Asked("nobody is here")


QUESTIONS = (
    "setattr", "call", "len", "iter", "next", "bool", "str", "repr", "getitem", "setitem", "delitem", "float", "int",
    "abs", "contains", "instancecheck", "enter", "exit", "await", "lt", "le", "gt", "ge", "add", "radd", "sub", "rsub",
    "mul", "rmul", "truediv", "floordiv", "mod", "and", "or",
)  # fmt: skip
for _question in QUESTIONS:
    setattr(Nobody, f"__{_question}__", _ask)


def _compiled(source: str) -> Any:
    return compile(source, "<test>", "exec", dont_inherit=True)
