"""Rules about how neighbours fit: words beside words, sentences behind sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from .arguments import as_text, as_whole
from .rule import Finding, Rule
from .sentences import sentences
from .words import has_word, plain, words

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_SHOWN = 5


class AlphabetLoop(Rule):
    """Each word begins with the letter behind that of the word before, a behind z; there are at least two words."""

    def examine(self, answer: str) -> Finding:
        initials = _initials(answer)
        wrong = [pair for pair in pairwise(initials) if _ALPHABET.find(pair[1]) != (_ALPHABET.find(pair[0]) + 1) % 26]
        kept = len(initials) > 1 and initials[0] in _ALPHABET and not wrong
        return Finding(kept, "initials in the order of the alphabet", ["".join(pair) for pair in wrong[:_SHOWN]])


class NoSharedInitials(Rule):
    """No two words beside each other begin with the same letter; there are at least two words."""

    def examine(self, answer: str) -> Finding:
        initials = _initials(answer)
        same = [one for one, other in pairwise(initials) if one == other]
        return Finding(len(initials) > 1 and not same, "no neighbours with one initial", same[:_SHOWN])


class SentenceChain(Rule):
    """The last word of each sentence is the first one of the next; there are at least two sentences."""

    def examine(self, answer: str) -> Finding:
        said = _worded(answer)
        broken = [[one[-1], other[0]] for one, other in pairwise(said) if one[-1] != other[0]]
        return Finding(len(said) > 1 and not broken, "sentences begin as the one before ends", broken[:_SHOWN])


class ParagraphFrames(Rule):
    """Each line ends with the word it begins with, and has another one between or behind it."""

    def examine(self, answer: str) -> Finding:
        lines = [_folded(line) for line in plain(answer).splitlines() if has_word(line)]
        broken = [[line[0], line[-1]] for line in lines if line and (line[0] != line[-1] or len(line) < 2)]
        return Finding(bool(lines) and not broken, "paragraphs end with their first word", broken[:_SHOWN])


class SentenceInitials(Rule):
    """Sentence after sentence begins with the letters of `letters`, and there are as many sentences.

    >>> SentenceInitials("abc").verdict("Ann ran. Bob sat. Cats slept.").passed
    True
    """

    def __init__(self, letters: str = _ALPHABET) -> None:
        self.letters = as_text("letters", letters).casefold()

    def examine(self, answer: str) -> Finding:
        found = "".join(said[0][0] for said in _worded(answer))
        return Finding(found == self.letters, f"sentences that begin with {self.letters!r}", found[:60])


class GrowingSentences(Rule):
    """Each sentence has exactly `step` words more than the one before; there are at least two sentences."""

    def __init__(self, step: int) -> None:
        self.step = as_whole("step", step, 1)

    def examine(self, answer: str) -> Finding:
        lengths = list(map(len, _worded(answer)))
        kept = len(lengths) > 1 and all(other - one == self.step for one, other in pairwise(lengths))
        return Finding(kept, f"sentences that grow by {self.step} words", lengths[:20])


class GrowingAlliteration(Rule):
    """Each sentence has more words in a row with one initial than the one before; at least two sentences.

    The longest row of each sentence counts; a word by itself is a row of none.
    """

    def examine(self, answer: str) -> Finding:
        rows = [_longest_row([word[0] for word in said]) for said in _worded(answer)]
        kept = len(rows) > 1 and all(one < other for one, other in pairwise(rows))
        return Finding(kept, "rows of one initial that grow", rows[:20])


class EqualSentences(Rule):
    """Exactly `count` sentences with the same number of characters, in which no word stands twice."""

    def __init__(self, count: int = 3) -> None:
        self.count = as_whole("count", count, 2)

    def examine(self, answer: str) -> Finding:
        lengths = [len(plain(sentence)) for sentence in sentences(answer)]
        said = _folded(answer)
        kept = len(lengths) == self.count and len(set(lengths)) == 1 and len(said) == len(set(said))
        return Finding(kept, f"{self.count} sentences of one length, all words different", lengths[:20])


class SentenceWord(Rule):
    """The sentence `sentence` (counted from 1) has `word` in it: anywhere, or as its word number `place`."""

    def __init__(self, word: str, sentence: int, place: int | None = None) -> None:
        self.word = as_text("word", word)
        self.sentence = as_whole("sentence", sentence, 1)
        self.place = None if place is None else as_whole("place", place, 1)
        self._wanted = _folded(self.word)
        if not self._wanted:
            raise ValueError(f"word has a letter or digit, unlike {word!r:.60}")

    def examine(self, answer: str) -> Finding:
        there = _worded(answer)
        said = there[self.sentence - 1] if len(there) >= self.sentence else []
        size = len(self._wanted)
        starts = range(len(said)) if self.place is None else [self.place - 1]
        kept = any(said[start : start + size] == self._wanted for start in starts)
        where = "" if self.place is None else f" as word {self.place}"
        return Finding(kept, f"{self.word!r} in sentence {self.sentence}{where}", " ".join(said)[:200])


class WordPlaces(Rule):
    """The word `word` stands at each of `places` among the words of the answer: 2 is the second, -2 the last but one.

    An answer of fewer words than the places name together breaks it: one word cannot stand for two.
    """

    def __init__(self, word: str, places: Sequence[int] = (2, -2)) -> None:
        self.word = as_text("word", word)
        self.places = tuple(places)
        if not self.places or not all(isinstance(place, int) and place for place in self.places):
            raise ValueError(f"places are whole numbers other than 0, not {places!r:.60}")

    def examine(self, answer: str) -> Finding:
        said, word = _folded(answer), self.word.casefold()
        indices = {place - 1 if place > 0 else len(said) + place for place in self.places}
        there = [said[index] if 0 <= index < len(said) else "" for index in sorted(indices)]
        kept = len(indices) == len(self.places) and all(found == word for found in there)
        return Finding(kept, f"{self.word!r} as word {', '.join(map(str, self.places))}", there)


def _folded(text: str) -> list[str]:
    return [word.casefold() for word in words(text)]


def _initials(answer: str) -> list[str]:
    return [word[0] for word in _folded(answer)]


def _worded(answer: str) -> list[list[str]]:
    """The words of each sentence that has some."""
    return [said for sentence in sentences(answer) if (said := _folded(sentence))]


def _longest_row(initials: list[str]) -> int:
    longest = max((len(list(row)) for _, row in groupby(initials)), default=0)
    return longest if longest > 1 else 0
