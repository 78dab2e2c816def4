"""White space as it stands in what models write: also no-break spaces, zero-width characters and byte order marks."""

BLANK = r"[\s\ufeff\u200b\u200c\u200d\u2060]"  # one character, in a regular expression
