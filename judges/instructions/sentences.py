"""Where sentences end.

A sentence ends with a run of . ! ? … (or the marks of other scripts) and whatever quotes and brackets close behind it,
if white space or the end of the text follows; the marks of Chinese and Japanese need no white space. A blank line, the
end of a heading and the end of a list item end a sentence too, with or without a mark. What has no letter or digit is
no sentence.

It does not end
- in a number ("3.14"), a name ("example.com") or a file name: no white space follows;
- behind an abbreviation that is always followed by something ("Dr.", "e.g.", "vs.", "no. 5") or a single capital
  ("J. Smith");
- behind an abbreviation that may end one ("etc.", "a.m.", "U.S."), an ellipsis or a closing quote, when a lower-case
  letter follows: `"Stop!" he said.` is one sentence, and so is "Well… perhaps.";
- behind the number of a list item ("1. First").

After any other mark case does not matter, or a text all in lower case would be one sentence. So "vitamin C. It" is
joined by mistake and "approx. five" is not split; a capital is the better guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .words import has_word

_MARKS = ".!?…؟۔।॥"
_CLOSING = "\"'”’»)\\]}*_`"
_END = re.compile(rf"(?<![{_MARKS}])[{_MARKS}]++(?P<closing>[{_CLOSING}]*+)(?=\s|\Z)|[。！？｡]++[」』”’）】]*+")
_ITEM = re.compile(r"[ \t]*+(?:[-*+•]|\d{1,3}[.)]|\(?[a-zA-Z\d]{1,3}\)|#{1,6})[ \t]++")
_WORDLESS = re.compile(r"[^\w\n\"'“‘(\[«*_#]*+")  # an emoji that stands between two sentences
_HEADING = re.compile(r"[ \t]*+#{1,6}[ \t]")
_NEXT = re.compile(r"\s*+(\S)?")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘]*\Z")

NEVER_LAST = {
    "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "capt", "lt", "sgt", "st", "sr", "sra", "dra", "mme", "mlle",
    "hr", "fr", "e.g", "i.e", "cf", "vs", "viz", "approx", "ca", "z.b", "d.h", "u.a", "bzw",
}  # fmt: skip
BEFORE_NUMBER = {"no", "nos", "nr", "fig", "figs", "eq", "sec", "vol", "ch", "p", "pp"}
MAYBE_LAST = {
    "etc", "usw", "al", "a.m", "p.m", "jr", "inc", "ltd", "co", "corp", "dept", "u.s", "u.k", "e.u", "ph.d", "b.c",
    "a.d",
}  # fmt: skip
LONGEST = 12  # characters looked back for an abbreviation


def count_sentences(text: str) -> int:
    """How many sentences a text has. Linear in its length.

    >>> count_sentences("Dr. Li paid $3.50, e.g. for tea. Was it good? 'Yes!' she said.")
    3
    """
    return len(sentences(text))


def sentences(text: str) -> list[str]:
    """The sentences, each with its marks and whatever follows them up to the next one; linear in the text's length.

    >>> sentences("One. 🙂 Two!\\n- three")
    ['One. 🙂', 'Two!', 'three']
    """
    return [sentence.strip() for block in _blocks(text) for sentence in _sentences_in(block)]


def _blocks(text: str) -> Iterator[str]:
    """The pieces that no sentence crosses: paragraphs, headings, list items."""
    lines: list[str] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item or not line.strip():
            yield "\n".join(lines)
            lines = []
        lines.append(line[item.end() :] if item else line)
        if _HEADING.match(line):
            yield "\n".join(lines)
            lines = []
    yield "\n".join(lines)


def _sentences_in(block: str) -> Iterator[str]:
    pieces, start = [], 0
    for end in _END.finditer(block):
        if _ends(block, end):
            pieces.append(block[start : end.end()])
            start = end.end()
    pieces.append(block[start:])
    sentence = ""
    for piece in pieces:  # what has no word, such as an emoji, belongs to the sentence before
        if has_word(piece) and has_word(sentence):
            lead = _WORDLESS.match(piece).end()  # type: ignore[union-attr]
            yield sentence + piece[:lead]
            sentence = piece[lead:]
        else:
            sentence += piece
    if has_word(sentence):
        yield sentence


def _ends(block: str, end: re.Match[str]) -> bool:
    """Whether this mark ends a sentence."""
    mark, following = end.group(), _following(block, end.end())
    if end["closing"] or "…" in mark or ".." in mark:
        return not following.islower()
    if mark != "." or not following:
        return True
    word = _word_before(block, end.start())
    if word.lower() in BEFORE_NUMBER:
        return not following.isdigit()
    if word.lower() in MAYBE_LAST:
        return not (following.islower() or following.isdigit() or following in "([")
    return not (word.lower() in NEVER_LAST or _is_initial(word))


def _following(block: str, offset: int) -> str:
    """The next character that is not white space; empty at the end."""
    following = _NEXT.match(block, offset)
    return (following and following[1]) or ""


def _word_before(block: str, offset: int) -> str:
    before = _LAST_WORD.search(block, max(0, offset - LONGEST), offset)
    return before.group() if before else ""


def _is_initial(word: str) -> bool:
    letter = word.rpartition(".")[2]
    return len(letter) == 1 and letter.isupper()
