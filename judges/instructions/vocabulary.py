"""Rules about which words an answer is made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .arguments import Relation, as_list, as_texts, as_whole
from .paragraphs import paragraphs
from .rule import CountingRule, Finding, Rule
from .words import has_word, occurrences, pieces, plain, words

_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxyz]{2}")
_VOWELS = "aeiou"
_JAPANESE = re.compile("[\u3041-\u30ff\u3400-\u9fff]")  # kana and Han characters
_SHOWN = 5


class WordRange(Rule):
    """Between `least` and `most` words; apostrophes and hyphens divide, as with `Words(joined=False)`."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = as_whole("least", least), as_whole("most", most)
        if self.most < self.least:
            raise ValueError(f"most is not below least: {least!r} to {most!r}")

    def examine(self, answer: str) -> Finding:
        counted = len(pieces(answer))
        return Finding(self.least <= counted <= self.most, f"{self.least} to {self.most} words", counted)


class UniqueWords(CountingRule):
    """How many different words, whatever their case."""

    def counted(self, answer: str) -> int:
        return len(set(_folded(answer)))


class WordRepeats(Rule):
    """No word stands in the answer more than `most` times, whatever its case; and there are at least two words."""

    def __init__(self, most: int) -> None:
        self.most = as_whole("most", most, 1)

    def examine(self, answer: str) -> Finding:
        often = Counter(_folded(answer)).most_common(1)
        kept = len(words(answer)) > 1 and often[0][1] <= self.most
        return Finding(kept, f"no word more than {self.most} times", often and list(often[0]))


class DistinctWords(CountingRule):
    """How many different ones of `words` stand in the answer, as whole words, whatever their case.

    >>> DistinctWords(["and", "but", "or"], 2).verdict("Tea and cake and jam.")
    Verdict(0.0, 'broken', asked="at least 2 of: 'and', 'but', 'or'", found=1)
    """

    def __init__(self, words: Sequence[str], count: int, relation: Relation = "at least") -> None:
        super().__init__(count, relation)
        self.words = as_texts("words", words)
        self.patterns = [occurrences(word) for word in self.words]

    def counted(self, answer: str) -> int:
        answer = plain(answer)
        return sum(pattern.search(answer) is not None for pattern in self.patterns)

    @property
    def thing(self) -> str:
        listed = ", ".join(map(repr, self.words[:_SHOWN]))
        return f"of: {listed}" + (", …" if len(self.words) > _SHOWN else "")


class WordsAmong(CountingRule):
    """How many words of the answer are among `words`, each time counted, whatever the case."""

    def __init__(self, words: Sequence[str], count: int, relation: Relation = "at least") -> None:
        super().__init__(count, relation)
        self.words = as_texts("words", words)
        self._among = {word.casefold() for word in self.words}

    def counted(self, answer: str) -> int:
        return sum(word.casefold() in self._among for word in pieces(answer))

    @property
    def thing(self) -> str:
        return f"words among {', '.join(map(repr, self.words[:_SHOWN]))}{' …' if len(self.words) > _SHOWN else ''}"


class KeywordCounts(Rule):
    """Each of `keywords` stands in the answer exactly as often as `counts` says, as a whole word in any case."""

    def __init__(self, keywords: Sequence[str], counts: Sequence[int]) -> None:
        self.keywords = as_texts("keywords", keywords)
        self.counts = tuple(as_whole("each of counts", count) for count in as_list(counts))
        if len(self.counts) != len(self.keywords):
            raise ValueError(f"{len(self.keywords)} keywords need as many counts, not {len(self.counts)}")
        self.patterns = [occurrences(keyword) for keyword in self.keywords]

    def examine(self, answer: str) -> Finding:
        answer = plain(answer)
        found = [sum(1 for _ in pattern.finditer(answer)) for pattern in self.patterns]
        asked = ", ".join(f"{count} × {word!r}" for word, count in zip(self.keywords, self.counts, strict=True))
        return Finding(tuple(found) == self.counts, asked, found)


class Palindromes(CountingRule):
    """How many different words of at least `letters` letters read the same backwards; one letter repeated does not."""

    def __init__(self, count: int, relation: Relation = "at least", *, letters: int = 5) -> None:
        super().__init__(count, relation)
        self.letters = as_whole("letters", letters, 2)

    def counted(self, answer: str) -> int:
        return sum(
            len(word) >= self.letters and word == word[::-1] and word.isalpha() and len(set(word)) > 1
            for word in set(_folded(answer))
        )


class PrimeLengths(Rule):
    """Every word has a prime number of letters and digits, and there are at least two words."""

    def examine(self, answer: str) -> Finding:
        said = words(answer)
        others = [word for word in said if not _is_prime(sum(map(str.isalnum, word)))]
        return Finding(len(said) > 1 and not others, "only words of prime length", others[:_SHOWN])


class ConsonantClusters(Rule):
    """Every word has two consonants of a to z beside each other, and there are at least two words."""

    def examine(self, answer: str) -> Finding:
        said = _folded(answer)
        others = [word for word in said if not _CLUSTER.search(word)]
        return Finding(len(said) > 1 and not others, "a consonant cluster in every word", others[:_SHOWN])


class Vowels(Rule):
    """One paragraph of at least two words in which no more than `most` of the vowels a, e, i, o, u stand."""

    def __init__(self, most: int = 3) -> None:
        self.most = as_whole("most", most, 1)

    def examine(self, answer: str) -> Finding:
        there = sorted(set(plain(answer).casefold()) & set(_VOWELS))
        one = len(paragraphs(answer)) == 1 and "\n" not in answer and len(words(answer)) > 1
        return Finding(one and 0 < len(there) <= self.most, f"one paragraph, at most {self.most} vowels", there)


class JapaneseWords(Rule):
    """Every word whose number is a multiple of `every`, between white space, has a kana or Han character in it.

    One of them at least has letters; those that are numbers may stay as they are.
    """

    def __init__(self, every: int) -> None:
        self.every = as_whole("every", every, 1)

    def examine(self, answer: str) -> Finding:
        said = [word for word in plain(answer).split() if has_word(word)]
        asked = [word for word in said[self.every - 1 :: self.every] if re.search(r"[^\W\d_]", word)]
        others = [word[:60] for word in asked if not _JAPANESE.search(word)]
        return Finding(bool(asked) and not others, f"every word number {self.every} in Japanese", others[:_SHOWN])


def _folded(answer: str) -> list[str]:
    return [word.casefold() for word in words(answer)]


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, min(int(number**0.5), 1000) + 1))
