"""The link between a tester and a candidate: questions about objects, answered with plain data or with handles.

Both ends speak the same way. An end asks and waits; while it waits it may have to answer a question of the other end
(a program that was given a function calls it). What is no plain data crosses as a handle, `["o", whose, number,
type]`: `"mine"` is an object of the sender's, `"yours"` one of the receiver's, coming home. Builtin classes cross by
name.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any

from .values import BadValue, decode, encode
from .wire import BadFrame, Channel


class LinkClosed(BaseException):
    """The other end is gone. No `Exception`, so that a test's `except Exception` does not take it for an answer."""


class CandidateLeft(BaseException):
    """The program called `exit` inside a function; not to be mistaken for an exception that a test expects."""


class Peer:
    """One end of a link.

    Args:
        link: the channel to the other end.
        answers: question -> function(peer, *operands) that makes the reply's values.
        stand_in: what represents an object of the other end here, from (peer, number, type name).
        may_export: whether an object of this end may be named to the other one.
    """

    def __init__(
        self,
        link: Channel,
        answers: Mapping[str, Callable[..., list[Any]]],
        stand_in: Callable[[Peer, int, str], Any],
        may_export: Callable[[Any], bool],
    ) -> None:
        self.link = link
        self.answers = answers
        self.stand_in = stand_in
        self.may_export = may_export
        self.operations = 0  # performed for this end by the other
        self.exported: list[Any] = []
        self._numbers: dict[int, int] = {}  # id of an exported object, which stays alive: its number
        self._stand_ins: dict[int, Any] = {}

    def ask(self, question: str, *operands: Any) -> list[Any]:
        """The other end's reply. Raises what the other end raised."""
        self.link.send([question, *operands])
        while True:
            message = self._receive()
            if message[0] == "value":
                return message[1:]
            if message[0] == "raise":
                raise rebuilt_exception(*message[1:])
            self.reply(message)

    def serve(self) -> None:
        """Answer until the other end is gone."""
        while True:
            try:
                message = self._receive()
            except LinkClosed:
                return
            self.reply(message)

    def reply(self, message: list[Any]) -> None:
        """Answer one question; an exception is an answer too."""
        try:
            values = self.answers[message[0]](self, *message[1:])
        except (LinkClosed, MemoryError):
            raise
        except BaseException as error:
            self.link.send(["raise", *described_exception(error)])
        else:
            self.link.send(["value", *values])

    def _receive(self) -> list[Any]:
        try:
            message = self.link.receive()
        except (ConnectionError, BadFrame):
            message = None
        if message is None:
            raise LinkClosed
        return message  # type: ignore[no-any-return]

    # Values and handles.

    def encode(self, value: Any) -> Any:
        """Tagged JSON, with handles for what is no plain data."""
        return encode(value, self._export)

    def decode(self, tree: Any) -> Any:
        """The value, with stand-ins for objects of the other end."""
        return decode(tree, self._import)

    def _export(self, value: Any) -> Any:
        number = getattr(value, "_jurybox_number", None) if type(value) in STAND_INS else None
        if number is not None:
            return ["o", "yours", number]
        if isinstance(value, type) and value.__module__ == "builtins":
            return ["o", "builtin", value.__name__]
        if not self.may_export(value):
            raise TypeError(
                f"a test cannot hand a {type(value).__name__} to the program, only plain data and functions"
            )
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.exported)
            self.exported.append(value)
        return ["o", "mine", number, type(value).__name__]

    def _import(self, body: list[Any]) -> Any:
        whose, number = body[0], body[1]
        if whose == "builtin":
            return builtin_type(number)
        if not isinstance(number, int):
            raise BadValue("a handle without a number")
        if whose == "yours":
            if not 0 <= number < len(self.exported):
                raise BadValue("a handle that was never given out")
            return self.exported[number]
        if number not in self._stand_ins:
            self._stand_ins[number] = self.stand_in(self, number, str(body[2])[:100])
        return self._stand_ins[number]


def builtin_type(name: object) -> type:
    """A builtin class by its name. Raises BadValue for any other builtin."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type):
        raise BadValue("no builtin class")
    return kind


STAND_INS: set[type] = set()  # classes whose instances stand for objects of the other end


def described_exception(error: BaseException) -> list[Any]:
    """The name of the nearest builtin class, and the text."""
    if not isinstance(error, Exception):
        return ["", type(error).__name__]
    name = next(base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins")
    try:
        text = str(error)[:1000]
    except BaseException:  # a hostile __str__
        text = ""
    return [name, text]


def rebuilt_exception(name: object, text: object) -> BaseException:
    """An exception of that builtin class; of no other class, whatever the other end says."""
    try:
        kind = builtin_type(name)
    except BadValue:
        kind = type(None)
    if not issubclass(kind, Exception):
        return CandidateLeft(str(text)[:100])
    try:
        return kind(str(text)[:1000]) if text else kind()
    except TypeError:  # UnicodeDecodeError and its like need more than a text
        return RuntimeError(f"{name}: {str(text)[:1000]}")
