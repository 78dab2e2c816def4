"""Rules about which words and letters stand in the answer, and how often."""

from __future__ import annotations

from collections.abc import Sequence

from .arguments import Relation, as_flag, as_text, as_texts
from .rule import CountingRule, Finding, Rule
from .words import occurrences, plain


class RequiredWords(Rule):
    """Every one of `words` (each a word or a phrase) stands in the answer, whatever its case.

    >>> RequiredWords(["red", "deep sea"]).verdict("A hundred miles of Deep  Sea.")
    Verdict(0.0, 'broken', asked="all of: 'red', 'deep sea'", found=['deep sea'])

    With `whole_words=False` also inside longer words ("red" in "hundred"). Invisible characters and full-width or
    otherwise styled letters hide no word, and a curly apostrophe is a straight one.
    """

    def __init__(self, words: Sequence[str], *, whole_words: bool = True) -> None:
        self.words = as_texts("words", words)
        self.patterns = [occurrences(word, whole_words=as_flag("whole_words", whole_words)) for word in self.words]

    def present(self, answer: str) -> list[str]:
        """Those of the words that stand in the answer."""
        answer = plain(answer)
        return [word for word, pattern in zip(self.words, self.patterns, strict=True) if pattern.search(answer)]

    def examine(self, answer: str) -> Finding:
        present = self.present(answer)
        return Finding(len(present) == len(self.words), f"all of: {_listed(self.words)}", present)


class ForbiddenWords(RequiredWords):
    """None of `words` stands in the answer, whatever its case; as whole words, unless `whole_words=False`."""

    def examine(self, answer: str) -> Finding:
        present = self.present(answer)
        return Finding(not present, f"none of: {_listed(self.words)}", present)


class KeywordFrequency(CountingRule):
    """How often a word or phrase stands in the answer, whatever its case; overlapping occurrences count once.

    As a whole word, unless `whole_words=False`.
    """

    def __init__(self, keyword: str, count: int, relation: Relation = "at least", *, whole_words: bool = True) -> None:
        super().__init__(count, relation)
        self.keyword = as_text("keyword", keyword)
        self.pattern = occurrences(self.keyword, whole_words=as_flag("whole_words", whole_words))

    def counted(self, answer: str) -> int:
        return sum(1 for _ in self.pattern.finditer(plain(answer)))

    @property
    def thing(self) -> str:
        return f"of {self.keyword!r}"


class LetterFrequency(CountingRule):
    """How often a letter, or any other single character, stands in the answer, whatever its case.

    Characters are compared as they are written: an é that is written as e and a combining accent is not an é.
    """

    def __init__(self, letter: str, count: int, relation: Relation = "at least") -> None:
        super().__init__(count, relation)
        self.letter = as_text("letter", letter).strip()
        if len(self.letter) != 1:
            raise ValueError(f"letter is a single character, not {letter!r:.60}")

    def counted(self, answer: str) -> int:
        return answer.lower().count(self.letter.lower())

    @property
    def thing(self) -> str:
        return f"of {self.letter!r}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words))
