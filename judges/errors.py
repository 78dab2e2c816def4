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


class Told(JuryboxError):  # noqa: N818 - the base of what is raised for the programmer to read
    """What the programmer got wrong, or asked to be told: no judge takes it for something a completion did."""


class NotText(Told, TypeError):  # noqa: N818 - it says what the completion is
    """A judge reads the text, or the messages, of a completion that has none."""


class WrongReturn(Told, TypeError):  # noqa: N818 - it says what was done
    """Somebody's function or judge returned what is no verdict and cannot become one."""


class Miscounted(Told, ValueError):  # noqa: N818 - it says what was done
    """Somebody returned more or fewer numbers than there were rows."""


class Abstained(JuryboxError, ValueError):  # noqa: N818 - it says what the verdict did
    """The truth of a verdict was asked for that abstains."""
