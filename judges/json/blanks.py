"""What stands between the parts of JSON in what models write: odd blanks, and punctuation in its full width."""

# One character, in a regular expression: white space, no-break spaces, zero-width characters, byte order marks; and the
# mark with which Markdown begins each line of a quotation.
BLANK = r"(?:[\s\ufeff\u200b\u200c\u200d\u2060]|(?<=\n)>)"
QUOTE_MARKS = "\"'“‘„«＂"  # with which a string may open, besides a backtick
WIDE = dict(zip("｛｝［］：，；", "{}[]:,;", strict=True))
