"""Exceptions across the wall: class, arguments, attributes and text.

    class:      ["builtin", name]  ["library", module, name]  ["yours", number]
                ["mirror", number, name, [bases]]     a class of the sender's, made anew here below the same bases
    exception:  ["own", number, class, arguments, attributes, text, cause]     ["yours", number]     ["exit", code]

A mirror lets a test say `with raises(StackUnderflow)`. No class of the testing modules crosses: a program that raises
`SkipTest` skips nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .standard import builtin_type, in_library, library_path, library_value
from .values import BadValue

if TYPE_CHECKING:
    from .peer import Peer

MAX_TEXT = 1000
MAX_CAUSES = 5
NUMBER = "_jurybox_error"


class CandidateLeft(SystemExit):
    """The program called `exit` inside a function; nothing but a test that expects `SystemExit` takes it for one."""


def described(peer: Peer, error: BaseException, depth: int = 0) -> list[Any]:
    """An exception as it crosses."""
    if not isinstance(error, Exception):
        code = error.code if isinstance(error, SystemExit) else type(error).__name__
        return ["exit", code if isinstance(code, int) or code is None else str(code)[:MAX_TEXT]]
    number = error.__dict__.get(NUMBER)
    if isinstance(number, int):
        return ["yours", number]
    handle = peer.number_of(error)
    attributes = {name: value for name, value in error.__dict__.items() if isinstance(name, str)}
    return [
        "own",
        handle,
        class_tree(peer, type(error)),
        _plain(peer, _arguments(error)),
        _plain(peer, attributes),
        _text(error),
        described(peer, cause, depth + 1) if (cause := error.__cause__) is not None and depth < MAX_CAUSES else None,
    ]


def _arguments(error: Exception) -> tuple[Any, ...]:
    """What the exception was made of; of an `OSError`, Python keeps the name of the file elsewhere."""
    if isinstance(error, OSError) and error.filename is not None and len(error.args) == 2:
        return (*error.args, error.filename)
    return error.args


def rebuilt(peer: Peer, body: list[Any]) -> BaseException:
    """The exception; of a class that is allowed to cross, whatever the other end says."""
    if body[:1] == ["exit"]:
        return CandidateLeft(body[1] if isinstance(body[1], (int, str)) else None)
    if body[:1] == ["yours"]:
        error = peer.own(body[1])
        if not isinstance(error, Exception):
            raise BadValue("no exception")
        return error
    try:
        _own, number, tree, arguments, attributes, text, cause = body
        kind = class_of(peer, tree)
        args, state = peer.decode(arguments), peer.decode(attributes)
    except (BadValue, ValueError, TypeError):
        return RuntimeError("an exception that cannot be read")
    error = _made(kind, args if isinstance(args, tuple) else (str(text),))
    for name, value in (state if isinstance(state, dict) else {}).items():
        if isinstance(name, str) and not name.startswith("_"):
            error.__dict__[name] = value
    error.__dict__.update({NUMBER: number, "_jurybox_text": str(text)[:MAX_TEXT]})
    error.__cause__ = None if cause is None else rebuilt(peer, cause)
    return error


def _made(kind: type[Exception], args: tuple[Any, ...]) -> Exception:
    if NUMBER not in kind.__dict__:
        try:
            return kind(*args)
        except Exception:  # one that wants other arguments than it keeps
            pass
    error = kind.__new__(kind)
    error.args = args
    return error


def class_tree(peer: Peer, kind: type) -> list[Any]:
    """A class of exceptions as it crosses."""
    number = kind.__dict__.get(NUMBER)
    if isinstance(number, int):
        return ["yours", number]
    if kind.__module__ == "builtins":
        return ["builtin", kind.__name__]
    if path := library_path(kind):
        return ["library", *path]
    bases = [class_tree(peer, base) for base in kind.__bases__ if issubclass(base, BaseException)]
    return ["mirror", peer.number_of(kind), kind.__name__, bases]


def class_of(peer: Peer, tree: Any, depth: int = 0) -> type[Exception]:
    """The class that a tree names. Raises BadValue for one that may not cross."""
    if not isinstance(tree, list) or len(tree) < 2 or depth > 20:
        raise BadValue("no class")
    kind: Any = None
    if tree[0] == "builtin":
        kind = builtin_type(tree[1])
    elif tree[0] == "library" and in_library(str(tree[1])):
        kind = library_value(tree[1], tree[2])
        if not in_library(str(getattr(kind, "__module__", ""))):  # reached through another module's import
            raise BadValue("a class of the testing modules")
    elif tree[0] == "yours":
        kind = peer.own(tree[1])
    elif tree[0] == "mirror":
        kind = _mirror(peer, *tree[1:], depth=depth)
    if not isinstance(kind, type) or not issubclass(kind, BaseException):
        raise BadValue("no class of exceptions")
    return kind  # type: ignore[return-value]


def _mirror(peer: Peer, number: Any, name: Any, bases: Any, *, depth: int) -> type:
    if number not in peer.mirrors:
        above = tuple(dict.fromkeys(class_of(peer, base, depth + 1) for base in bases)) or (Exception,)
        body = {NUMBER: number, "__module__": "program", "__str__": _shown, "__getattr__": _asking(peer)}
        try:
            peer.mirrors[number] = peer.mirror_kind(str(name)[:100], above, body)
        except TypeError:  # bases that do not go together
            peer.mirrors[number] = peer.mirror_kind(str(name)[:100], (Exception,), body)
    return peer.mirrors[number]


def _asking(peer: Peer) -> Any:
    return lambda self, name: peer.error_attribute(self, name)


def _shown(self: Any) -> str:
    return self.__dict__.get("_jurybox_text", "")  # type: ignore[no-any-return]


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MAX_TEXT]
    except BaseException:  # a hostile __str__
        return ""


def _plain(peer: Peer, value: Any) -> Any:
    """Encoded; what cannot cross is left out."""
    try:
        return peer.encode(value)
    except Exception:
        return peer.encode(type(value)())
