"""Rules about what is repeated: a text, a text with one word changed, a choice without a word beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .arguments import as_flag, as_text, as_texts, as_whole
from .rule import Finding, Rule
from .words import has_word, plain

_TOKEN = re.compile(r"\w+|[^\w\s]")
_EDGES = " \t\n.,;:!?*_`\"'“”‘’()[]"


class Exactly(Rule):
    """The answer is one of `options` and nothing else; case and marks around it count only with `strict`."""

    def __init__(self, options: Sequence[str], *, strict: bool = False) -> None:
        self.options = as_texts("options", options)
        self.strict = as_flag("strict", strict)

    def examine(self, answer: str) -> Finding:
        said = answer if self.strict else _bare(answer)
        kept = any(said == (option.strip() if self.strict else _bare(option)) for option in self.options)
        return Finding(kept, f"nothing but one of: {', '.join(map(repr, self.options))}"[:400], answer[:200])


class ChangedFirstWord(Rule):
    """The answer is `text` with another first word, and nothing else; white space does not count."""

    def __init__(self, text: str) -> None:
        self.text = as_text("text", text)
        if len(self.text.split()) < 2:
            raise ValueError(f"text has at least two words, unlike {text!r:.60}")

    def examine(self, answer: str) -> Finding:
        said, asked = answer.split(), self.text.split()
        same = said[1:] == asked[1:]
        changed = bool(said) and has_word(said[0]) and _bare(said[0]) != _bare(asked[0])
        found = {"rest": same, "first": said[0][:60] if said else ""}
        return Finding(same and changed, "the text with another first word", found)


class Overlap(Rule):
    """The share of the answer's runs of `size` tokens that stand in `reference` too is `percent`, within `tolerance`.

    Tokens are words and single marks; a run counts once, however often it stands there.
    """

    def __init__(self, reference: str, percent: int, *, tolerance: int = 2, size: int = 3) -> None:
        self.reference = as_text("reference", reference)
        self.percent, self.tolerance = as_whole("percent", percent), as_whole("tolerance", tolerance)
        self.size = as_whole("size", size, 1)
        self._there = self._runs(self.reference)

    def examine(self, answer: str) -> Finding:
        runs = self._runs(answer)
        share = 100 * len(runs & self._there) / len(runs) if runs else 0.0
        kept = bool(runs) and abs(share - self.percent) <= self.tolerance
        return Finding(kept, f"{self.percent} ± {self.tolerance} % of runs from the reference", round(share, 2))

    def _runs(self, text: str) -> set[tuple[str, ...]]:
        tokens = _TOKEN.findall(plain(text))
        return set(zip(*(tokens[start:] for start in range(self.size)), strict=False))


def _bare(text: str) -> str:
    return " ".join(plain(text).casefold().split()).strip(_EDGES)
