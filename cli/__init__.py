"""`jurybox …`: a thin face. A command's module is imported when the command is used, so `--help` loads no torch."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType

from .mistakes import Mistake, missing_extra

__all__ = ["COMMANDS", "main"]

# name -> (module with `add_arguments(parser)` and `run(args) -> exit status`, one line for --help)
COMMANDS = {
    "attack": ("attack", "find what a reward pays for that is no answer, before a policy does"),
    "calibrate": ("calibrate", "what a judge is worth against labels of people"),
    "compare": ("compare", "judge stored completions with two rewards, and say what changes"),
    "demo": ("demo", "compose a reward, train a small policy on it, show before and after"),
    "doctor": ("doctor", "what this machine offers: isolation of programs, extras, versions"),
    "score": ("score", "judge the completions of a JSONL file"),
    "serve": ("serve", "a reward as an HTTP service"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 for what the user can mend, and then the message says how."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        args = _parser(words).parse_args(words)
        return int(args.run(args))
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Mistake, OSError) as mistake:  # a file that cannot be read or written, a full disk
        print(f"jurybox: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jurybox: stopped", file=sys.stderr)
        return 130


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jurybox", description="Judges, rewards and objectives for post-training language models."
    )
    parser.add_argument("--version", action="version", version=f"jurybox {version('jurybox')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if words[:1] == [name]:
            chosen = _load(module)
            chosen.add_arguments(command)
            command.set_defaults(run=chosen.run)
    return parser


def _load(module: str) -> ModuleType:
    try:
        return importlib.import_module(f".{module}", __package__)
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
