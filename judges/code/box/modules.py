"""The program as a module: `from solution import f`, `import hangman`, under whatever name a test imports it.

What is neither in the standard library nor already there is taken for the program, unless it is a package that is
known to be one and is only not installed.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from .peer import Peer

PACKAGES = frozenset({
    "attr", "bs4", "cv2", "dateutil", "django", "flask", "freezegun", "httpx", "hypothesis",
    "jax", "keras", "lxml", "matplotlib", "mpl_toolkits",
    "networkx", "nltk", "numba", "numpy", "pandas", "parameterized",
    "PIL", "plotly", "psutil", "pydantic", "pytz", "requests",
    "scipy", "seaborn", "six", "skimage", "sklearn", "sortedcontainers",
    "sqlalchemy", "statsmodels", "sympy", "tensorflow", "torch", "tqdm",
    "transformers", "yaml",
})  # fmt: skip
TEST_PACKAGE = "__tests__"


class MissingPackage(ImportError):  # noqa: N818 - the name says what happened
    """The test imports a package that the judge was not told to preload."""


class ProgramModule(ModuleType):
    """The program's namespace; read and changed there."""

    def __init__(self, name: str, finder: ProgramFinder) -> None:
        super().__init__(name)
        self.__dict__.update(_jurybox_finder=finder, __path__=[], __all__=[])  # names read are bound without `import *`

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"the program's module has no {name}")
        return self.__dict__["_jurybox_finder"].supply(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            peer: Peer = self.__dict__["_jurybox_finder"].peer
            peer.ask("bind", name, peer.encode(value))

    def __delattr__(self, name: str) -> None:
        self.__dict__["_jurybox_finder"].peer.ask("bind", name, None)


def unused_modules(tree: ast.AST) -> set[str]:
    """The modules that a test imports as a whole and never takes an attribute of: not the program."""
    imported = {(alias.asname or alias.name).partition(".")[0]: alias.name for alias in _plain_imports(tree)}
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    owners = {value.id for value in values if isinstance(value, ast.Name)}
    return {module.partition(".")[0] for name, module in imported.items() if name not in owners}


def _plain_imports(tree: ast.AST) -> list[ast.alias]:
    return [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]


class ProgramFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, when no real module has the name."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.unused: set[str] = set()  # modules that a test imports and asks for nothing
        self.supply: Callable[[str], Any] = self.value_of  # what stands behind the names of the module
        package = ModuleType(TEST_PACKAGE)
        package.__path__ = []
        inner = ModuleType(f"{TEST_PACKAGE}.unit")
        inner.__path__ = []
        sys.modules.update({TEST_PACKAGE: package, f"{TEST_PACKAGE}.unit": inner})

    def value_of(self, name: str) -> Any:
        """What the program means by a name. Raises AttributeError when it knows none."""
        (known,) = self.peer.ask("names", [name])
        if name not in known:
            raise AttributeError(f"the program does not define {name}")
        return self.peer.decode(known[name])

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: Any = None) -> Any:
        if name.partition(".")[0] in PACKAGES:
            raise MissingPackage(f"the test imports {name}, which is not preloaded")
        if name.partition(".")[0] in {*sys.stdlib_module_names, *self.unused}:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return ProgramModule(spec.name, self)

    def exec_module(self, _module: ModuleType) -> None:
        """Everything is asked for when it is needed."""
