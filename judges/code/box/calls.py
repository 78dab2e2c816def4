"""A child that loads one program and then calls a function of it, once for each request on its channel.

A request carries arguments, never an expected value, so the program can answer early, out of turn or not at all, and
has still only answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import assembly, program
from .values import BadValue, decode, encode
from .wire import Channel

AS_MODULE = "solution"  # a program whose functions are called is imported, so its main guard stays shut


class MissingEntry(LookupError):  # noqa: N818 - the name says what happened
    """The program does not define what is to be called."""


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Serve calls until the caller hangs up; the exit status of the child."""
    namespace = load_program(channel, task)
    if namespace is None:
        return 1
    while (request := channel.receive()) is not None:
        channel.send(answer(namespace, request))
    return 0


def load_program(channel: Channel, task: dict[str, Any]) -> dict[str, Any] | None:
    """Run the program's body and say whether that worked; its namespace, or None."""
    program.open_streams()
    program.reset(task["seed"])
    namespace = program.fresh_main(AS_MODULE)
    if task.get("starter"):
        assembly.give_starter_names(namespace)
    try:
        ending = program.load(assembly.compiled(task), namespace)
    except program.CompileError as error:
        ending = program.Ending("compile_error", str(error))
    channel.send(["failed", *ending] if ending.label else ["ready"])
    return None if ending.label else namespace


def answer(namespace: dict[str, Any], request: list[Any]) -> list[Any]:
    """The reply to one call."""
    _kind, entry, args, kwargs = request
    try:
        function = resolve(namespace, entry)
        value = function(*decode(args), **decode(kwargs))
        return ["value", encode(value)]
    except MissingEntry as error:
        return ["failed", "missing_entry", str(error)]
    except (BadValue, RecursionError) as error:
        return ["failed", "runtime_error", str(error)[:300]]
    except BaseException as error:  # SystemExit inside a call is a failure of this call
        return ["failed", *program.failure(error)]


def resolve(namespace: dict[str, Any], entry: str) -> Callable[..., Any]:
    """`f`, or `Solution.f` on a new instance; a plain `f` is also looked for in a class `Solution`."""
    owner, _dot, name = entry.rpartition(".")
    if not owner and name not in namespace and hasattr(namespace.get("Solution"), name):
        owner = "Solution"
    if (owner or name) not in namespace:
        raise MissingEntry(f"the program does not define {owner or name}")
    function = getattr(namespace[owner](), name, None) if owner else namespace[name]
    if not callable(function):
        raise MissingEntry(f"{entry} is not callable" if function is not None else f"{owner} has no method {name}")
    return function  # type: ignore[no-any-return]
