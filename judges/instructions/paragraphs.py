"""Where paragraphs end."""

from __future__ import annotations

import re
from itertools import groupby

from .words import has_word


def paragraphs(text: str, separator: str | None = None) -> list[str]:
    """The paragraphs of a text: what stands between blank lines, or between separators with white space around them.

    Pieces without a letter or digit (a rule, an empty piece between two separators) are no paragraphs.

    >>> paragraphs("One.\\nStill one.\\n\\n---\\n\\nTwo.")
    ['One.\\nStill one.', 'Two.']
    >>> paragraphs("One.\\n\\nStill one.\\n***\\nTwo.", "***")
    ['One.\\n\\nStill one.', 'Two.']
    """
    if separator is not None:  # an emphasis in asterisks has no white space inside, and divides nothing
        pieces = re.split(rf"(?<!\S){re.escape(separator.strip())}(?!\S)", text)
        return [piece.strip("\n") for piece in pieces if has_word(piece)]
    groups = groupby(text.splitlines(), key=lambda line: not line.strip())
    return [piece for piece in ("\n".join(lines) for blank, lines in groups if not blank) if has_word(piece)]
