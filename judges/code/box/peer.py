"""The link between a tester and a candidate: questions about objects, answered with plain data or with handles.

Both ends speak the same way. An end asks and waits; while it waits it may have to answer a question of the other end
(a program that was given a function calls it). What is no plain data crosses as a handle, `["o", whose, …]`:

    "mine", number, type, kind      an object of the sender's
    "yours", number                 one of the receiver's, coming home
    "node", place                   a row of the table of nodes, see `nodes.py`
    "class", …  "error", …          a class of exceptions, or an exception, see `exceptions.py`
    "builtin", name                 a builtin class
    "library", module, name         a function or class of the standard library; the program may be given one, never
                                    the test, for which the program could choose one that agrees with everything
    "kind", …  "array", …  "frame", …  "valued", …      values with more to them than plain data, see `shapes.py`
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from . import exceptions, shapes
from .nodes import Nodes
from .standard import builtin_type, library_path, library_value
from .valued import Ask, Valued, crosses_by_value, valued
from .values import BadValue, decode, encode
from .wire import BadFrame, Channel


class LinkClosed(BaseException):
    """The other end is gone. No `Exception`, so that a test's `except Exception` does not take it for an answer."""


class Peer:
    """One end of a link.

    Args:
        link: the channel to the other end.
        answers: question -> function(peer, *operands) that makes the reply's values.
        stand_in: what represents an object of the other end here, from (peer, number, type name, kind).
        may_export: whether an object of this end may be named to the other one.
        trusted: whether the other end may name functions of the library to this one.
    """

    def __init__(
        self,
        link: Channel,
        answers: Mapping[str, Callable[..., list[Any]]],
        stand_in: Callable[[Peer, int, str, str], Any],
        may_export: Callable[[Any], bool],
        trusted: bool,
    ) -> None:
        self.link = link
        self.answers = answers
        self.stand_in = stand_in
        self.may_export = may_export
        self.trusted = trusted
        self.operations = 0  # performed for this end by the other
        self.lost = False
        self.attribute_of: Ask = no_attribute  # of an instance of a class derived from a builtin one
        self.perform_on: Callable[..., Any] = no_attribute  # (number, operation, *args) of an object of the other end
        self.exported: list[Any] = []
        self.shared_classes: dict[str, type] = {}  # those that both ends define
        self.patches: Callable[[], list[Any]] = list  # what a test has put in place of library functions
        self.told: Callable[[], list[Any]] = list  # what else happened since the last answer, see `telling.py`
        self.heard: Callable[..., object] = lambda *_told: None  # takes what else happened at the other end
        self.arrange: Callable[[], object] = list  # before the other end does something
        self.mirrors: dict[Any, type] = {}  # classes of exceptions of the other end, made anew here
        self.mirror_kind: Callable[..., type] = type
        self.error_attribute: Callable[[Any, str], Any] = no_attribute  # of an exception of the other end
        self._numbers: dict[int, int] = {}  # id of an exported object, which stays alive: its number
        self._stand_ins: dict[int, Any] = {}

    def ask(self, question: str, *operands: Any) -> list[Any]:
        """The other end's reply. Raises what the other end raised."""
        self.link.send([question, *operands])
        while True:
            message = self._receive()
            if message[0] == "told":
                self.heard(*message[1:])
            elif message[0] == "value":
                return message[1:]
            elif message[0] == "raise":
                raise exceptions.rebuilt(self, message[1:])
            else:
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
            answer = ["value", *self.answers[message[0]](self, *message[1:])]
        except (LinkClosed, MemoryError):
            raise
        except BaseException as error:
            answer = ["raise", *exceptions.described(self, error)]
        if told := self.told():
            self.link.send(["told", *told])
        self.link.send(answer)

    def _receive(self) -> list[Any]:
        try:
            message = self.link.receive()
        except (ConnectionError, BadFrame):
            message = None
        if message is None:
            self.lost = True
            raise LinkClosed
        return message  # type: ignore[no-any-return]

    # Values and handles.

    def new_nodes(self) -> Nodes:
        """An empty table of nodes, for one operation."""
        return Nodes(self.shared_classes, self.encode, self.decode)

    def encode(self, value: Any, nodes: Nodes | None = None) -> Any:
        """Tagged JSON, with handles for what is no plain data."""
        return encode(value, Exporter(self, nodes))

    def decode(self, tree: Any, nodes: Nodes | None = None) -> Any:
        """The value, with stand-ins for objects of the other end."""
        return decode(tree, lambda body: self._import(body, nodes))

    def shaped(self, value: Any, content: Any, nodes: Nodes | None) -> Any:
        """What is more than plain data."""
        if isinstance(value, Valued):
            return ["o", "yours", value._jurybox_number]
        if (shape := shapes.shaped(value, content, lambda inner: self.encode(inner, nodes))) is not None:
            return shape
        by_value = None if content is None else crosses_by_value(value)
        if by_value is None:
            return self._export(value, nodes) if content is None else content
        if not by_value:
            return self._export(value, nodes)
        return ["o", "valued", self.number_of(value), type(value).__name__, content]

    def export_object(self, value: Any, nodes: Nodes | None) -> Any:
        """What is no plain data."""
        shape = shapes.whole(value, lambda inner: self.encode(inner, nodes))
        return self._export(value, nodes) if shape is None else shape

    def _export(self, value: Any, nodes: Nodes | None) -> Any:
        kind = type(value)
        if kind in STAND_INS:
            return ["o", "yours", value._jurybox_number]
        if isinstance(value, type) and issubclass(value, BaseException):
            return ["o", "class", *exceptions.class_tree(self, value)]
        if isinstance(value, type) and value.__module__ == "builtins":
            return ["o", "builtin", value.__name__]
        if isinstance(value, Exception):
            return ["o", "error", *exceptions.described(self, value)]
        if nodes is not None and nodes.knows(value):
            return nodes.place(value)
        if not self.trusted and (path := library_path(value)):
            return ["o", "library", *path]
        return self.export(value)

    def export(self, value: Any) -> Any:
        """A handle for an object of this end. Raises TypeError for one that the other end has no business with."""
        if not self.may_export(value):
            raise TypeError(f"a test cannot hand a {type(value).__name__} to the program")
        return ["o", "mine", self.number_of(value), type(value).__name__, kind_of(value)]

    def number_of(self, value: Any) -> int:
        """The number of an object of this end, which stays alive from here on."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.exported)
            self.exported.append(value)
        return number

    def own(self, number: object) -> Any:
        """An object of this end, by its number."""
        if not isinstance(number, int) or not 0 <= number < len(self.exported):
            raise BadValue("a handle that was never given out")
        return self.exported[number]

    def _import(self, body: list[Any], nodes: Nodes | None) -> Any:
        whose, number = body[0], body[1]
        if whose == "builtin":
            return builtin_type(number)
        if whose == "library" and self.trusted:
            return library_value(number, body[2])
        if whose == "class":
            return exceptions.class_of(self, body[1:])
        if whose == "error":
            return exceptions.rebuilt(self, body[1:])
        if whose == "node" and nodes is not None:
            return nodes.at(number)
        if whose == "yours":
            return self.own(number)
        if whose == "valued":
            content = self.decode(body[3], nodes)
            return valued(self, number, str(body[2])[:100], content, self.attribute_of, not self.trusted)
        if whose in ("kind", "array", "frame", "series"):
            return shapes.made(body, lambda tree: self.decode(tree, nodes))
        if whose != "mine" or not isinstance(number, int):
            raise BadValue("no handle")
        kind = str(body[3])
        if kind == "coroutine":  # awaited once, so made anew
            return self.stand_in(self, number, str(body[2])[:100], kind)
        if number not in self._stand_ins:
            self._stand_ins[number] = self.stand_in(self, number, str(body[2])[:100], kind)
        return self._stand_ins[number]


class Exporter:
    """What becomes of values that are not, or not only, plain data."""

    def __init__(self, peer: Peer, nodes: Nodes | None) -> None:
        self.peer, self.nodes = peer, nodes

    def __call__(self, value: Any) -> Any:
        return self.peer.export_object(value, self.nodes)

    def shaped(self, value: Any, content: Any) -> Any:
        """See `values.encode`."""
        return self.peer.shaped(value, content, self.nodes)


STAND_INS: set[type] = set()  # classes whose instances stand for objects of the other end


def no_attribute(error: Any, name: str) -> Any:
    """Where exceptions carry what they have."""
    raise AttributeError(f"{type(error).__name__} has no attribute {name!r}")


def kind_of(value: Any) -> str:
    """What the other end needs to know of an object to make a stand-in for it."""
    for name, is_one in (("coroutine", inspect.iscoroutine), ("generator", inspect.isgenerator),
                         ("async_generator", inspect.isasyncgen)):  # fmt: skip
        if is_one(value):
            return name
    return "callable" if callable(value) else "object"
