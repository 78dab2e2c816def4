"""Prompt templates: text files with holes, filled in one pass."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ..sample import Sample
from ..verdict import json_safe
from .fence import DECLARATION, announce, fresh_code, quoted
from .reply import Labels

HOLE = re.compile(r"\{\{ *([A-Za-z_]\w*) *\}\}")
YES_NO: Labels = {"yes": 1.0, "no": 0.0}
_RULE = "\n===\n"


@dataclass(frozen=True, slots=True)
class Template:
    r"""A system text, a user text, and the labels the judge may answer with.

    A template file begins with a line `labels: yes=1, no=0`; then comes the system text, a line `===`, and the user
    text (without such a line all of it is the user's). The holes are `{{completion}}`, `{{prompt}}`, `{{labels}}` and
    names of data set columns. Holes are filled in one pass: braces in what fills them mean nothing.

    >>> Template.parse("labels: good=1, poor=0\n\nIs {{completion}} a {{kind}}?").holes
    ('completion', 'kind')

    Raises:
        ValueError: there is no `{{completion}}`, or the line of labels is unreadable.
    """

    user: str
    system: str = ""
    labels: Labels | None = None
    name: str = "llm"

    def __post_init__(self) -> None:
        if "completion" not in self.holes:
            raise ValueError(f"the template {self.name!r} has no {{{{completion}}}}: there is nothing to judge in it")

    @classmethod
    def parse(cls, text: str, name: str = "llm") -> Template:
        """A template from the text of a template file."""
        labels = None
        if text.startswith("labels:"):
            line, _, text = text.partition("\n")
            labels = _read_labels(line.removeprefix("labels:"), name)
        system, rule, user = text.replace("\r\n", "\n").partition(_RULE)
        if not rule:
            system, user = "", system
        return cls(user.strip(), system.strip(), labels, name)

    @classmethod
    def load(cls, template: str | Path | Template) -> Template:
        """A template from a shipped name ("safety"), a path, or the text itself (which has holes)."""
        if isinstance(template, Template):
            return template
        if isinstance(template, Path):
            return cls.parse(template.read_text(encoding="utf-8"), template.stem)
        if HOLE.search(template):
            return cls.parse(template)
        file = _shipped() / f"{template}.txt"
        if not template.isidentifier() or not file.is_file():
            known = ", ".join(sorted(entry.name.removesuffix(".txt") for entry in _shipped().iterdir()))
            raise ValueError(
                f"there is no template {template!r}; shipped are {known}. Your own goes in as text with "
                "{{completion}} in it, or as a pathlib.Path"
            )
        return cls.parse(file.read_text(encoding="utf-8"), template)

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of the holes, in the order in which they first occur."""
        return tuple(dict.fromkeys(HOLE.findall(f"{self.system}\n{self.user}")))

    def fill(self, quotes: Mapping[str, str], constants: Mapping[str, str], code: str) -> list[dict[str, str]]:
        """The messages to send: `quotes` between lines with the code, `constants` as they are."""
        quotations = {name: quoted(name, text, code) for name, text in quotes.items()}

        def filling(hole: re.Match[str]) -> str:
            return constants[hole[1]] if hole[1] in constants else _on_lines_of_its_own(quotations[hole[1]], hole)

        system, user = (HOLE.sub(filling, text) for text in (self.system, self.user))
        if not system:
            return [{"role": "user", "content": f"{DECLARATION}\n{announce(code)}\n\n{user}"}]
        return [
            {"role": "system", "content": f"{system}\n\n{DECLARATION}"},
            {"role": "user", "content": f"{announce(code)}\n\n{user}"},
        ]


@dataclass(frozen=True, slots=True)
class Question:
    """A template with what fills it."""

    template: Template
    quotes: Mapping[str, str]
    constants: Mapping[str, str]

    def messages(self) -> list[dict[str, str]]:
        """The messages, with a new random code each time."""
        return self.template.fill(self.quotes, self.constants, fresh_code(self.quotes.values()))

    @property
    def content(self) -> list[Any]:
        """All that is said but the random code: what makes two questions the same."""
        return [DECLARATION, self.template.system, self.template.user, dict(self.quotes), dict(self.constants)]


def column_text(sample: Sample, column: str) -> str | None:
    """A column's value as text: a string is itself, anything else is shown as JSON; None when it is missing."""
    value: Any = sample.get(column)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(json_safe(value), ensure_ascii=False)


def _on_lines_of_its_own(quotation: str, hole: re.Match[str]) -> str:
    before, after = hole.string[: hole.start()], hole.string[hole.end() :]
    begin = "" if not before or before.endswith("\n") else "\n"
    return begin + quotation + ("" if not after or after.startswith("\n") else "\n")


def _shipped() -> Any:
    return resources.files(__package__) / "templates"


def _read_labels(line: str, name: str) -> Labels:
    pairs = [pair.rpartition("=") for pair in line.split(",")]
    try:
        return {label.strip(): None if score.strip() == "none" else float(score) for label, _, score in pairs}
    except ValueError:
        raise ValueError(f"template {name!r}: the labels are written 'yes=1, no=0', not {line.strip()!r}") from None
