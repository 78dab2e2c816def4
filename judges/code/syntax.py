"""What a program of each language looks like in a completion: fence labels, definitions, comments, commands."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

SHELL = ("!", "%", "$ ", "pip install ", "pip3 install ")


class Syntax(NamedTuple):
    """One language.

    Attributes:
        labels: what a fence says of it.
        definition: a pattern, to be searched line by line, of the definition of a `{name}`; "" where nothing is named.
        silent: how lines begin that are no program: comments, commands.
    """

    labels: re.Pattern[str]
    definition: str
    silent: tuple[str, ...]


SYNTAXES = {
    "python": Syntax(
        re.compile(r"(?:python|py)[0-9.]*|python-repl|ipython[0-9]?"),
        r"^(?:[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{name}\b|{name}[ \t]*[:=])",
        ("#", *SHELL),
    ),
    "cpp": Syntax(
        re.compile(r"(?:c\+\+|cpp|cxx|cc|c|gnu\+\+)[0-9]*[a-z]?"),
        r"^[ \t]*[A-Za-z_][\w:<>,&* \t]*\b{name}[ \t]*\([^;}\n]*(?:\{|$)|^[ \t]*(?:class|struct)[ \t]+{name}\b",
        ("//", "$ ", "g++ "),
    ),
    "javascript": Syntax(
        re.compile(r"javascript|js|node|nodejs|mjs|cjs|ecmascript"),
        r"^[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:async[ \t]+)?"
        r"(?:function[ \t]*\*?[ \t]*{name}\b|(?:const|let|var|class)[ \t]+{name}\b|(?:module\.)?exports\.{name}\b)",
        ("//", "$ ", "npm ", "node "),
    ),
    "bash": Syntax(re.compile(r"bash|sh|shell|shellscript|zsh|ksh"), "", ("#",)),
    "sql": Syntax(re.compile(r"sql|sqlite[0-9]?"), "", ("--",)),
}
LANGUAGES = tuple(SYNTAXES)
OTHER_NAMES = {
    "py": "python", "python3": "python", "c++": "cpp", "cxx": "cpp", "c++17": "cpp", "c++20": "cpp", "js": "javascript",
    "node": "javascript", "nodejs": "javascript", "sh": "bash", "shell": "bash", "sqlite": "sql", "sqlite3": "sql",
}  # fmt: skip


def named(language: object) -> str:
    """The language of this name, or of another name for it.

    >>> named("C++"), named("js")
    ('cpp', 'javascript')

    Raises:
        ValueError: there is none.
    """
    name = str(language).strip().lower()
    name = OTHER_NAMES.get(name, name)
    if name not in SYNTAXES:
        raise ValueError(f"unknown language {language!r}; programs are written in {', '.join(LANGUAGES)}")
    return name


@functools.lru_cache(256)
def labelled(label: str, languages: Sequence[str]) -> str | None:
    """The first of these languages that a fence's label names."""
    return next((language for language in languages if SYNTAXES[language].labels.fullmatch(label)), None)


def can_run(code: str, language: str) -> bool:
    """Whether there is a line that is neither empty nor silent."""
    silent = SYNTAXES[language].silent
    lines = [line.strip() for line in code.splitlines()]
    return any(line and not line.startswith(silent) for line in lines)


@functools.lru_cache(256)
def definer(name: str, language: str) -> Callable[[str], object]:
    """Tells whether code of a language defines a name."""
    pattern = SYNTAXES[language].definition
    return re.compile(pattern.replace("{name}", re.escape(name)), re.M).search if pattern else lambda _code: None
