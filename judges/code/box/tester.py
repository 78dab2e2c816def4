"""A child that runs trusted test source against a program which lives in another process, the candidate.

What the test gets from the program is plain data, rebuilt here, or a `Remote` that forwards operations. A `Remote`
never decides a comparison: equality is identity, and order, membership and arithmetic with the test's own values are
refused, because the program would answer `True`. `trust` lifts that, and then the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import program
from .names import Names
from .peer import STAND_INS, CandidateLeft, LinkClosed, Peer
from .trial import Trial
from .wire import LINK, Channel


class Remote:
    """An object of the program."""

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self.__dict__.update(_jurybox_number=number, _jurybox_peer=peer, _jurybox_type=type_name)

    def __getattr__(self, name: str) -> Any:
        return perform(self, "getattr", _no_protocol(name))

    def __setattr__(self, name: str, value: Any) -> None:
        perform(self, "setattr", _no_protocol(name), value)

    def __hash__(self) -> int:
        return self._jurybox_number  # type: ignore[no-any-return]


STAND_INS.add(Remote)


def _no_protocol(name: str) -> str:
    """No name with two underscores at both ends crosses: libraries read such names and believe what they find, a
    pointer in `__array_interface__`, source to evaluate in `__annotations__`."""
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"an object of the program shows a test no {name}")
    return name


def perform(remote: Remote, operation: str, *args: Any, **kwargs: Any) -> Any:
    """Let the program do it; a list, dict or set that it changed in place changes here too.

    Only `next` may say that an iteration is over: from anywhere else that would end a loop of the test's own.
    """
    peer = remote._jurybox_peer
    peer.operations += 1
    try:
        result, changed = peer.ask("perform", operation, peer.encode((remote, *args)), peer.encode(kwargs))
    except (StopIteration, StopAsyncIteration) as error:
        if operation == "next":
            raise
        raise RuntimeError(f"the program raised {type(error).__name__}") from None
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
        trial = Trial(test["source"], test["setup"], entry)
    except (SyntaxError, ValueError, ImportError) as error:
        return program.Ending("invalid_tests", f"the test cannot be run: {error}"[:300])
    ending = _tried(trial, peer)
    if not peer.operations and (fault := trial.fault()):
        return program.Ending("invalid_tests", fault)
    if not peer.operations and not ending.label:
        return program.Ending("wrong_answer", "the test never came to call the program")
    return ending if ending.label else program.Ending("passed")


def _tried(trial: Trial, peer: Peer) -> program.Ending:
    try:
        trial.run(found := bound_names(trial.names, peer))
    except AssertionError as error:
        return program.Ending("wrong_answer", str(error)[:300])
    except NameError as error:
        missing = (trial.names.wanted | {"candidate"}) - found.keys()
        label = "missing_entry" if error.name in missing else "runtime_error"
        return program.Ending(label, str(error)[:300])
    except LinkClosed:
        return program.Ending("lost", "the program ended during the test")
    except CandidateLeft as error:
        return program.Ending("runtime_error", f"{error} inside a call")
    except BaseException as error:
        return program.failure(error)
    return program.Ending("")


def bound_names(names: Names, peer: Peer) -> dict[str, Any]:
    """Values and stand-ins for the names of a test, as far as there are any."""
    asked = names.wanted | names.optional
    (known,) = peer.ask("names", sorted(asked))
    return names.trusted | {name: peer.decode(value) for name, value in known.items() if name in asked}
