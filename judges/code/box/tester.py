"""A child that runs trusted test source against a program which lives in another process, the candidate.

What the test gets from the program is plain data, rebuilt here, or a `Remote` that forwards operations. A `Remote`
never decides a comparison: equality is identity, and order, membership and arithmetic with the test's own values are
refused, because the program would answer `True`. `trust` lifts that, and then the verdict says so.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Callable
from typing import Any

from . import program
from .peer import STAND_INS, CandidateLeft, LinkClosed, Peer
from .wire import LINK, Channel

TRUSTED_NAMES_FROM = ("math", "collections", "itertools", "functools", "typing", "copy", "string", "operator")
ALIASES = {"np": "numpy", "pd": "pandas"}


class Remote:
    """An object of the program."""

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self.__dict__.update(_jurybox_number=number, _jurybox_peer=peer, _jurybox_type=type_name)

    def __getattr__(self, name: str) -> Any:
        return perform(self, "getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        perform(self, "setattr", name, value)

    def __hash__(self) -> int:
        return self._jurybox_number  # type: ignore[no-any-return]


STAND_INS.add(Remote)


def perform(remote: Remote, operation: str, *args: Any, **kwargs: Any) -> Any:
    """Let the program do it; a list, dict or set that it changed in place changes here too."""
    peer = remote._jurybox_peer
    peer.operations += 1
    result, changed = peer.ask("perform", operation, peer.encode((remote, *args)), peer.encode(kwargs))
    for place, value in changed.items():
        _refill((remote, *args)[int(place)], peer.decode(value))
    return peer.decode(result)


def _refill(target: Any, value: Any) -> None:
    if type(target) is list and type(value) is list:
        target[:] = value
    elif type(target) in (dict, set) and type(value) is type(target):
        target.clear()
        target.update(value)


def _forward(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *args: Any, **kwargs: Any) -> Any:
        return perform(self, operation, *args, **kwargs)

    return method


def _refuse(operation: str) -> Callable[..., Any]:
    def method(self: Remote, *_args: Any) -> Any:
        raise TypeError(f"{operation} would let the program decide its own test; see trust_candidate_eq")

    return method


def _membership(self: Remote, value: Any) -> bool:
    return any(item is value or item == value for item in self)  # type: ignore[attr-defined]


FORWARDED = (
    "call",
    "len",
    "iter",
    "next",
    "bool",
    "str",
    "repr",
    "getitem",
    "setitem",
    "delitem",
    "float",
    "int",
    "abs",
)
REFUSED = (
    "lt",
    "le",
    "gt",
    "ge",
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "floordiv",
    "mod",
    "and",
    "or",
)
for _name in FORWARDED:
    setattr(Remote, f"__{_name}__", _forward(_name))
for _name in REFUSED:
    setattr(Remote, f"__{_name}__", _refuse(_name))
setattr(Remote, "__instancecheck__", _forward("isinstance"))  # noqa: B010 - what classes define, made of functions
setattr(Remote, "__contains__", _membership)  # noqa: B010


def trust_the_program() -> None:
    """Let the program's own `__eq__`, `__lt__`, `__add__` decide: only for tests that cannot do without."""
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "contains", "add", "sub", "mul", "truediv", "floordiv", "mod"):
        setattr(Remote, f"__{name}__", _forward(name))


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Run the tests in order and report each; the caller ends this process when it has waited enough."""
    if task["trust"]:
        trust_the_program()
    program.open_streams()
    peer = Peer(Channel(LINK, task["reply_bytes"]), {"callback": callback}, Remote, may_export=callable)
    for test in task["tests"]:
        channel.send(["test", *outcome(peer, test, task["entry"])])
    return 0


def callback(peer: Peer, number: int, args: Any, kwargs: Any) -> list[Any]:
    """The program calls a function that the test gave it; nothing else can be done with it."""
    return [peer.encode(peer.exported[number](*peer.decode(args), **peer.decode(kwargs)))]


def outcome(peer: Peer, test: dict[str, str], entry: str | None) -> program.Ending:
    """The label and detail of one test."""
    peer.operations = 0
    try:
        code, setup = _compiled(test["source"]), _compiled(test["setup"])
    except (SyntaxError, ValueError) as error:
        return program.Ending("invalid_tests", f"the test does not compile: {error}"[:300])
    names = Names(test["setup"] + "\n" + test["source"], entry)
    try:
        namespace: dict[str, Any] = {"__name__": "__test__", **names.bound_by(peer)}
        exec(setup, namespace)
        namespace.update(names.under_test)  # a setup may define helpers, and a bare form of what is tested
        exec(code, namespace)
        if entry and defines_check(test["source"]):
            namespace["check"](namespace["candidate"])
    except AssertionError as error:
        return program.Ending("wrong_answer", str(error)[:300])
    except NameError as error:
        label = "missing_entry" if error.name in names.missing else "runtime_error"
        return program.Ending(label, str(error)[:300])
    except LinkClosed:
        return program.Ending("lost", "the program ended during the test")
    except CandidateLeft as error:
        return program.Ending("runtime_error", f"{error} inside a call")
    except BaseException as error:
        return program.failure(error)
    if not peer.operations:
        return program.Ending("invalid_tests", "the test never called the program")
    return program.Ending("passed")


def _compiled(source: str) -> Any:
    return compile(source, "<test>", "exec", dont_inherit=True)


class Names:
    """Who stands behind each name that a test reads and does not define.

    A test that says `math.isclose` without importing it means the real one, not what the program calls `math`; so do
    builtin functions. Only where nothing else is left to be tested, such a name is the program's own function.
    """

    def __init__(self, source: str, entry: str | None) -> None:
        self.entry = entry
        self.missing: set[str] = set()
        self.under_test: dict[str, Any] = {}
        read = names_read(source) - {"candidate"}
        self.trusted = {name: found for name in read if name != entry and (found := trusted_value(name)) is not None}
        builtin = {name for name in read if hasattr(builtins, name)}
        self.wanted = read - builtin - self.trusted.keys() | ({entry} if entry else set())
        self.optional = set() if self.wanted else builtin | self.trusted.keys()

    def bound_by(self, peer: Peer) -> dict[str, Any]:
        """Values and stand-ins for the names."""
        (known,) = peer.ask("names", sorted(self.wanted | self.optional))
        found = {name: peer.decode(value) for name, value in known.items() if name in self.wanted | self.optional}
        self.missing = self.wanted - found.keys()
        if self.entry and self.entry in found:
            self.under_test = {self.entry: found[self.entry], "candidate": found[self.entry]}
        elif self.entry:
            self.missing.add("candidate")
        return {**self.trusted, **found}


def names_read(source: str) -> set[str]:
    """The names that a module reads anywhere; those it assigns first are bound over."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)}


def trusted_value(name: str) -> Any:
    """A module of the standard library by its name, or a public name of the few that tests use unimported."""
    module = ALIASES.get(name, name)
    if module in sys.stdlib_module_names or module in sys.modules:
        return importlib.import_module(module)
    for owner in TRUSTED_NAMES_FROM:
        if name in getattr(sys.modules.get(owner), "__all__", ()) or (
            owner == "math" and hasattr(sys.modules[owner], name)
        ):
            return getattr(sys.modules[owner], name)
    return None


def defines_check(source: str) -> bool:
    """Whether the source defines `check` and leaves calling it to us, as HumanEval does."""
    body = ast.parse(source).body
    defined = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in body)
    called = any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "check"
        for node in body
    )
    return defined and not called
