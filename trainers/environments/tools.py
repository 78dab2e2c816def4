"""Tools that a model calls in the middle of its text.

    <calculator>37*48</calculator><result>1776</result>

The model writes up to the closing tag, the result is put behind it, and the model goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...judges import CodeJudge
from ...judges.math.calculate import calculate
from .environment import Reply

Tool = Callable[[str], str]
"""From what stands between the tags to the result. One with a method `many` is asked for all chains at once."""
NAME = re.compile(r"\w+")


def calculator(text: str) -> str:
    """The value of an arithmetic expression, or an error in words.

    >>> calculator("37*48"), calculator("2 +"), calculator("1/0")
    ('1776', 'error: no formula', 'error: no value')
    """
    try:
        return calculate(text)
    except ValueError:
        return "error: no formula"
    except ArithmeticError:
        return "error: no value"


class PythonTool:
    """What a Python program prints, run in the box of a `CodeJudge`.

        Tools({"python": PythonTool(CodeJudge(limits=Limits(wall_s=2)))})

    Each call is a program of its own. What it may do and for how long is the judge's; what it did wrong is in the
    result, as the interpreter says it.
    """

    def __init__(self, judge: CodeJudge | None = None) -> None:
        self.judge = judge or CodeJudge()

    def __call__(self, program: str) -> str:
        return self.many([program])[0]

    def many(self, programs: Sequence[str]) -> list[str]:
        """The same for several, on all cores."""
        return [f"error: {ran.error}" if ran.error else ran.stdout.rstrip("\n") for ran in self.judge.run(programs)]


@dataclass(frozen=True)
class Tools:
    """An environment of tools without memory, which all chains may share.

        tools = Tools({"calculator": calculator, "python": PythonTool()})
        play(chains, policy, [tools] * len(chains), max_turns=7, stop=tools.stop)

    Words without a call are the last ones. A tool that raises has said so in its result.

    Attributes:
        tools: by the name of their tags.
        result: the name of the tags around a result.
        max_characters: how much of a result is told.

    Raises:
        ValueError: no tool, or a name that is no word.
    """

    tools: Mapping[str, Tool]
    result: str = "result"
    max_characters: int = 2000

    def __post_init__(self) -> None:
        if not self.tools or not all(NAME.fullmatch(name) for name in (*self.tools, self.result)):
            raise ValueError(f"tools maps names to functions, and a name is a word; got {', '.join(self.tools)!r}")
        if self.max_characters < 1:
            raise ValueError(f"max_characters={self.max_characters}: give 1 or more")

    @property
    def stop(self) -> tuple[str, ...]:
        """The closing tags: where the model stops to listen."""
        return tuple(f"</{name}>" for name in self.tools)

    def step(self, said: str) -> Reply:
        """The result of the call that these words end with."""
        return self.steps([said])[0]

    def steps(self, said: Sequence[str]) -> list[Reply]:
        """The same for the words of several chains; every tool is asked once."""
        calls = [self._call(words) for words in said]
        results: dict[int, str] = {}
        for name, tool in self.tools.items():
            asked = {place: call[1] for place, call in enumerate(calls) if call and call[0] == name}
            results |= zip(asked, _asked(tool, list(asked.values())), strict=True)
        return [
            Reply(self._told(results[place]), role="tool", as_message=False) if place in results else Reply(done=True)
            for place in range(len(said))
        ]

    def _call(self, words: str) -> tuple[str, str] | None:
        """The name and the argument of the first call."""
        ends = {name: end for name in self.tools if (end := words.find(f"</{name}>")) >= 0}
        if not ends:
            return None
        name = min(ends, key=lambda name: ends[name])
        return name, words[: ends[name]].rpartition(f"<{name}>")[2]

    def _told(self, result: str) -> str:
        if len(result) > self.max_characters:
            result = f"{result[: self.max_characters]}…"
        return f"<{self.result}>{result}</{self.result}>"


def _asked(tool: Tool, arguments: list[str]) -> list[str]:
    many = getattr(tool, "many", None)
    if many is not None:
        return list(many(arguments)) if arguments else []
    return [_one(tool, argument) for argument in arguments]


def _one(tool: Tool, argument: str) -> str:
    try:
        return tool(argument)
    except Exception as error:  # a call is a model's text, and no text ends a training
        return f"error: {type(error).__name__}: {error}"
