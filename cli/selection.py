"""Which judge or reward a command line means: `--reward module:attribute`, or `--judge name` with options."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from ..judges import Judge
from ..rewards import Function, Reward, as_reward
from .mistakes import Mistake, in_short, missing_extra, told

LONGEST_NAME = 100  # characters of a reward that are written into every output line
# name -> (module of jurybox.judges, class)
JUDGES = {
    "code": ("code", "CodeJudge"),
    "exact": ("exact", "ExactJudge"),
    "format": ("format", "FormatJudge"),
    "ifeval": ("instructions", "IFEvalJudge"),
    "instructions": ("instructions", "InstructionJudge"),
    "json": ("json", "JSONJudge"),
    "length": ("length", "LengthJudge"),
    "math": ("math", "MathJudge"),
    "repetition": ("repetition", "RepetitionJudge"),
}


def add_arguments(parser: ArgumentParser, required: bool = True) -> None:
    """The options that choose a judge."""
    chosen = parser.add_mutually_exclusive_group(required=required)
    chosen.add_argument(
        "--reward",
        metavar="MODULE:ATTR",
        help="a reward or judge of your own; the module is looked for in the current directory too",
    )
    chosen.add_argument("--judge", choices=sorted(JUDGES), help="a judge by name")
    add_options(parser)


def add_options(parser: ArgumentParser) -> None:
    """The options of a judge by name."""
    parser.add_argument("--gold", metavar="COLUMN", help="with --judge: the column of right answers")
    parser.add_argument(
        "--tests",
        metavar="COLUMN[,COLUMN]",
        help="with --judge code: the column of tests, or those that are a data set's layout: test,entry_point,prompt",
    )
    parser.add_argument("--schema", metavar="FILE", type=Path, help="with --judge json: a JSON schema")
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="with --judge: an argument of its constructor, the value as JSON or as plain text (repeatable)",
    )


def select(args: Namespace) -> Reward:
    """The reward that the arguments name.

    Raises:
        Mistake: there is no such module, attribute, option or column argument; the message lists what there is.
    """
    if args.judge is not None:
        return _named_judge(args.judge, args)
    if args.gold or args.tests or args.schema or args.option:
        raise Mistake("--gold, --tests, --schema and --option belong to --judge; a --reward is built in its own module")
    return _own(args.reward)


def find(words: str, args: Namespace) -> Reward:
    """The reward that one word means: `module:attribute`, a judge's name, or `column:NAME` for recorded scores.

    Raises:
        Mistake: as `select`.
    """
    kind, _, rest = words.partition(":")
    if kind == "column" and rest:
        return Function(recorded(rest))
    if words in JUDGES:
        return _named_judge(words, args)
    if ":" not in words:
        raise Mistake(
            f"{words!r} is no judge's name; write module:attribute, column:NAME, or one of {', '.join(sorted(JUDGES))}"
        )
    return _own(words)


def named(words: str, args: Namespace) -> Any:
    """The judge itself that one word means, also one of two answers. Raises Mistake as `select`."""
    if words in JUDGES:
        return next(iter(_named_judge(words, args).walk())).judge  # type: ignore[attr-defined]
    return _attribute(words)


def nothing() -> Reward:
    """A reward that reads no column, for rows that are read and not judged."""
    return Function(recorded(""))


def recorded(column: str) -> Callable[..., list[float | None]]:
    """A reward function that gives what a column holds: true and false are 1 and 0, what is no number is nothing."""

    def read(completions: list[Any], **columns: list[Any]) -> list[float | None]:
        values = columns.get(column, [None] * len(completions))
        return [float(value) if isinstance(value, (int, float)) and isfinite(value) else None for value in values]

    read.__name__ = f"column:{column}"
    return read


def _own(path: str) -> Reward:
    found = _attribute(path)
    if inspect.isclass(found) and issubclass(found, (Judge, Reward)):
        raise Mistake(f"--reward {path} is a class; give an object, e.g. `reward = {found.__name__}(...)`")
    try:
        return as_reward(found)
    except TypeError as error:
        raise Mistake(f"--reward {path}: {error}") from error


def _attribute(path: str) -> Any:
    module, colon, attribute = path.partition(":")
    if not (module and colon and attribute):
        raise Mistake(f"--reward is written module:attribute, e.g. my_rewards:reward, not {path!r}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise Mistake(f"--reward: there is no module {module!r} here or among the installed ones") from error
        raise missing_extra(error) from error
    except Exception as error:  # whatever happens in a user's module is the user's
        raise Mistake(f"--reward: importing {module!r} raised {told(error)}") from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            public = ", ".join(sorted(n for n in vars(found) if not n.startswith("_"))[:20])
            raise Mistake(f"--reward: {module!r} has no {attribute!r} (it has: {public})")
        found = getattr(found, name)
    return found


def _named_judge(judge: str, args: Namespace) -> Reward:
    options = dict(map(_option, args.option))
    if args.schema:
        options["schema"] = _schema(args.schema)
    module, name = JUDGES[judge]
    kind = getattr(importlib.import_module(f"..judges.{module}", __package__), name)
    accepted = inspect.signature(kind).parameters
    if args.gold:
        options["expected" if "expected" in accepted else "answer"] = args.gold
    if args.tests:
        names = [name.strip() for name in args.tests.split(",")]
        options["tests"] = names[0] if len(names) == 1 else names
    unknown = [option for option in options if option not in accepted]
    if unknown:
        flag = {"answer": "--gold", "tests": "--tests", "schema": "--schema"}.get(
            unknown[0], f"--option {unknown[0]}=…"
        )
        raise Mistake(f"--judge {judge} has no use for {flag}; its options are: {', '.join(accepted)}")
    try:
        return as_reward(kind(**options))
    except Exception as error:  # an option that is refused, a module that cannot be loaded, no isolation here
        raise Mistake(f"--judge {judge}: {in_short(error)}") from error


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise Mistake(f"--option is written key=value, not {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _schema(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Mistake(f"--schema {path} is not JSON: {error}") from error


def identity(args: Namespace, reward: Reward) -> str:
    """A short text that is the same for the same judge: its beginning for people, a digest of all that decides.

    That is the reward as written, the columns that hold completion and prompt, and for a `--reward` the text of its
    module, since a function is written only by its name.
    """
    written = re.sub(r" at 0x[0-9a-f]+", "", repr(reward))
    columns = f"{args.completion}\n{args.prompt}"
    decides = hashlib.blake2b(f"{written}\n{columns}\n".encode(errors="replace"), digest_size=4)
    if args.reward is not None:
        source = getattr(sys.modules[args.reward.partition(":")[0]], "__file__", None)
        decides.update(Path(source).read_bytes() if source else b"")
    return f"{written if len(written) <= LONGEST_NAME else written[:LONGEST_NAME] + '…'} #{decides.hexdigest()}"
