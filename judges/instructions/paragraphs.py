"""Where paragraphs end."""

from __future__ import annotations

from itertools import groupby

from .words import has_word


def paragraphs(text: str, separator: str | None = None) -> list[str]:
    """The paragraphs of a text: what stands between blank lines, or between lines that hold only the separator.

    Pieces without a letter or digit (a rule, an empty piece between two separators) are no paragraphs.

    >>> paragraphs("One.\\nStill one.\\n\\n---\\n\\nTwo.")
    ['One.\\nStill one.', 'Two.']
    >>> paragraphs("One.\\n\\nStill one.\\n***\\nTwo.", "***")
    ['One.\\n\\nStill one.', 'Two.']
    """
    divider = "" if separator is None else separator.strip()
    groups = groupby(text.splitlines(), key=lambda line: line.strip() == divider)
    pieces = ("\n".join(lines) for divides, lines in groups if not divides)
    return [piece for piece in pieces if has_word(piece)]
