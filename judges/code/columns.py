"""Where a row's tests stand: in one column, or in several that together are a layout."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..sample import Sample
from .languages.reading import read_for
from .layouts import NAMES
from .suite import CheckerProgram, StdioTest, Suite, Test
from .syntax import named

PROMPT = "prompt"  # handed over apart from the columns


class TestColumns:
    """Reads the tests of rows.

    Args:
        tests: the name of the column that holds them, or the names of columns that make a layout: a mapping from each
            name to the row's value. "prompt" there is the row's prompt.
        layout: the layout that all rows are in, one of `layouts.NAMES`; None to tell it by the keys.
        languages: those in which programs may be written, where a row does not name one.
        only_printed: take only tests of standard input and output.

    Raises:
        ValueError: no names of columns, or an unknown layout.
    """

    __test__ = False  # for pytest: this is no test class

    def __init__(
        self, tests: str | Sequence[str], layout: str | None, languages: tuple[str, ...], only_printed: bool = False
    ) -> None:
        names = (tests,) if isinstance(tests, str) else tuple(tests)
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f"tests is the name of a column, or several names, not {tests!r}")
        if layout is not None and layout not in NAMES:
            raise ValueError(f"unknown layout {layout!r}; there are {', '.join(NAMES)}")
        self.names = names
        self.together = not isinstance(tests, str)
        self.layout = layout
        self.languages = languages
        self.only_printed = only_printed
        self.required = tuple(name for name in names if name != PROMPT)
        self.reads_prompt = PROMPT in names

    def suite(self, sample: Sample) -> Suite:
        """The tests of a row. Raises ValueError where they are in no known form."""
        values = {name: self._value(sample, name) for name in self.names}
        tests: Any = values if self.together else values[self.names[0]]
        language = sample.get("language")
        languages = self.languages if language is None else (named(language),)
        suite = read_for(languages, tests, sample.get("entry"), self.layout)
        if self.only_printed and not all(map(is_printed, suite.tests)):
            raise ValueError("a remote runner is asked for what programs print: give tests of {'stdin', 'stdout'}")
        return suite

    def _value(self, sample: Sample, name: str) -> Any:
        if name != PROMPT:
            return sample[name]
        if sample.prompt is None:
            raise ValueError(f"the tests are made of {', '.join(self.names)}, but there is no prompt")
        return sample.prompt_text

    def key(self, sample: Sample) -> Hashable:
        """What makes the tests of two rows the same."""
        return sample.key((*self.required, "entry", "language"), ("prompt_text",) if self.reads_prompt else ())


def is_printed(test: Test) -> bool:
    """Whether what a program prints is all that a test needs."""
    return isinstance(test, StdioTest) and not isinstance(test.checker, CheckerProgram)
