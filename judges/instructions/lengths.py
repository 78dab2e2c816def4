"""Rules about length: words, sentences, paragraphs."""

from __future__ import annotations

from .arguments import Relation, as_flag, as_text, as_whole
from .paragraphs import paragraphs
from .rule import CountingRule, Finding, Rule
from .sentences import count_sentences
from .words import pieces, words


class Words(CountingRule):
    """How many words: runs of letters and digits, as `words.py` defines them.

    >>> Words(3, "exactly").verdict("I don't know.")
    Verdict(1.0, 'kept', asked='exactly 3 words', found=3)

    joined: whether apostrophes and hyphens join what they stand between; without it "well-known" is two words.
    """

    def __init__(self, count: int, relation: Relation = "at least", *, joined: bool = True) -> None:
        super().__init__(count, relation)
        self.joined = as_flag("joined", joined)

    def counted(self, answer: str) -> int:
        return len(words(answer) if self.joined else pieces(answer))


class Sentences(CountingRule):
    """How many sentences, as `sentences.py` defines them; headings and list items are sentences."""

    def counted(self, answer: str) -> int:
        return count_sentences(answer)


class Paragraphs(CountingRule):
    """How many paragraphs, as `paragraphs.py` defines them: between blank lines, or separators in white space.

    >>> Paragraphs(2, "exactly", separator="***").verdict("One.\\n***\\nTwo.").passed
    True
    """

    def __init__(self, count: int, relation: Relation = "at least", *, separator: str | None = None) -> None:
        super().__init__(count, relation)
        self.separator = None if separator is None else as_text("separator", separator)

    def counted(self, answer: str) -> int:
        return len(paragraphs(answer, self.separator))


class FirstWord(Rule):
    """Paragraph `paragraph` (counted from 1; between blank lines) begins with `word`, whatever its case.

    Marks in front of the word (quotes, Markdown) do not count. With `paragraphs`, the answer has exactly so many.
    """

    def __init__(self, word: str, paragraph: int = 1, *, paragraphs: int | None = None) -> None:
        self.word = as_text("word", word)
        self.paragraph = as_whole("paragraph", paragraph, 1)
        self.paragraphs = None if paragraphs is None else as_whole("paragraphs", paragraphs, 1)
        self._wanted = words(self.word.casefold())
        if not self._wanted:
            raise ValueError(f"word has a letter or digit, unlike {word!r:.60}")
        if self.paragraphs is not None and self.paragraphs < self.paragraph:
            raise ValueError(f"paragraph {self.paragraph} cannot be one of {self.paragraphs} paragraphs")

    def examine(self, answer: str) -> Finding:
        there = paragraphs(answer)
        first = words(there[self.paragraph - 1])[: len(self._wanted)] if len(there) >= self.paragraph else []
        kept = [word.casefold() for word in first] == self._wanted
        asked = f"paragraph {self.paragraph} begins with {self.word!r}"
        if self.paragraphs is not None:
            kept = kept and len(there) == self.paragraphs
            asked = f"{self.paragraphs} paragraphs; {asked}"
        return Finding(kept, asked, {"paragraphs": len(there), "begins": " ".join(first)})
