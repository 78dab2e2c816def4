"""The base of every error that this package has a name for."""


class JuryboxError(Exception):
    """Raised by jurybox itself; every error of its own is one of these, and an ordinary Python error besides.

    >>> from jurybox.judges import MathJudge
    >>> try:
    ...     MathJudge().verdict("4")
    ... except JuryboxError as error:
    ...     print(type(error).__name__, isinstance(error, KeyError))
    MissingColumn True
    """


class NotText(JuryboxError, TypeError):  # noqa: N818 - it says what the completion is
    """A judge reads the text, or the messages, of a completion that has none."""


class Abstained(JuryboxError, ValueError):  # noqa: N818 - it says what the verdict did
    """The truth of a verdict was asked for that abstains."""
