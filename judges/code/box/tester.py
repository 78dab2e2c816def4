"""A child that runs trusted test source against a program which lives in another process, the candidate.

What the test gets from the program is plain data, rebuilt here, or a `Remote` that forwards operations. What the test
gives to the program is plain data, a copy of a node, or a `Guest` that may be asked for little; see `lending.py`.
"""

from __future__ import annotations

import functools
import sys
import unittest
from typing import Any

from . import lending, program, pytest_like, telling
from .exceptions import NUMBER, CandidateLeft
from .modules import MissingPackage, ProgramFinder, ProgramModule
from .names import Names
from .patches import Watch
from .peer import LinkClosed, Peer
from .remote import Remote, attribute_of, perform, stand_in, trust_the_program
from .trial import Trial
from .wire import LINK, Channel
from .world import World


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Run the tests in order and report each; the caller ends this process when it has waited enough."""
    if task["trust"]:
        trust_the_program()
    program.open_streams()
    program.reset(task["seed"])
    tester = Tester(Channel(LINK, task["reply_bytes"]))
    for test in task["tests"]:
        channel.send(["test", *tester.outcome(test, task["entry"])])
    return 0


class Tester:
    """The test's end of the link, and what the test finds in its interpreter."""

    def __init__(self, link: Channel) -> None:
        self.peer = Peer(link, {"lent": lending.perform}, stand_in, lending.may_lend, trusted=False)
        self.peer.mirror_kind, self.peer.error_attribute = Mirror, self._attribute_of
        self.peer.heard = functools.partial(telling.hear, self.peer)
        self.peer.arrange = World(self.peer).tell
        self.peer.attribute_of, self.peer.perform_on = attribute_of, self._perform_on
        self.watch = Watch(self.peer)
        self.peer.patches = self.watch.patches
        Mirror.peer = self.peer
        pytest_like.install()
        unittest.main = lambda *_args, **_kwargs: None  # type: ignore[assignment]  # what it would run, we run
        self.finder = ProgramFinder(self.peer)
        sys.meta_path.append(self.finder)

    def _perform_on(self, number: int, operation: str, *args: Any) -> Any:
        return perform(Remote(self.peer, number, "object"), operation, *args)

    def _attribute_of(self, error: Any, name: str) -> Any:
        number = error.__dict__.get(NUMBER)
        if name.startswith("__") or not isinstance(number, int):
            raise AttributeError(f"{type(error).__name__!r} object has no attribute {name!r}")
        return perform(Remote(self.peer, number, type(error).__name__), "getattr", name)

    def outcome(self, test: dict[str, str], entry: str | None) -> program.Ending:
        """The label and detail of one test."""
        try:
            trial = Trial(test["source"], test["setup"], entry, self.finder, self.watch)
        except (SyntaxError, ValueError, ImportError) as error:
            return program.Ending("invalid_tests", f"the test cannot be run: {error}"[:300])
        self.peer.operations = 0
        ending = self._tried(trial)
        if self.peer.lost:
            return program.Ending("lost", "the program ended during the test")
        if not self.peer.operations and (fault := trial.fault()):
            return program.Ending("invalid_tests", fault)
        if not self.peer.operations and not ending.label:
            return program.Ending("wrong_answer", "the test never came to call the program")
        return ending if ending.label else program.Ending("passed")

    def _tried(self, trial: Trial) -> program.Ending:
        found: dict[str, Any] = {}
        try:
            trial.run(found := self._bound_names(trial.names), self._share)
        except AssertionError as error:
            return program.Ending("wrong_answer", str(error)[:300])
        except NameError as error:
            missing = (trial.names.wanted | {"candidate"}) - found.keys()
            return program.Ending("missing_entry" if error.name in missing else "runtime_error", str(error)[:300])
        except (pytest_like.Unsupported, MissingPackage) as error:
            return program.Ending("invalid_tests", str(error)[:300])
        except ImportError as error:
            missing_name = isinstance(sys.modules.get(error.name or ""), ProgramModule)
            return program.Ending("missing_entry" if missing_name else "runtime_error", str(error)[:300])
        except LinkClosed:
            return program.Ending("lost", "the program ended during the test")
        except CandidateLeft as error:
            return program.Ending("runtime_error", f"SystemExit({error.code!r}) inside a call"[:300])
        except BaseException as error:
            return program.failure(error)
        return program.Ending("")

    def _bound_names(self, names: Names) -> dict[str, Any]:
        """Values and stand-ins for the names of a test, as far as there are any."""
        asked = names.wanted | names.optional
        (known,) = self.peer.ask("names", sorted(asked))
        return names.trusted | {name: self.peer.decode(value) for name, value in known.items() if name in asked}

    def _share(self, classes: dict[str, type]) -> None:
        """Agree with the program on the classes that both define: their objects cross by value."""
        (both,) = self.peer.ask("share", sorted(classes)) if classes else [[]]
        self.peer.shared_classes = {name: classes[name] for name in both if name in classes}


class Mirror(type):
    """The class of the program's classes of exceptions: to call one is to make the program's exception."""

    peer: Peer

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return perform(Remote(Mirror.peer, cls.__dict__[NUMBER], cls.__name__), "call", *args, **kwargs)
