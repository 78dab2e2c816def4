"""Where a prompt's candidates come from: a function, or a column of the data set."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...judges import completion_text

Row = Mapping[str, Any]
Generate = Callable[..., Sequence[Sequence[Any]]]
"""(prompts, k) -> a list of k completions for each prompt; with a parameter `seeds`, it is given a number a row."""


class Candidates:
    """Completions for each row, from `generate`; without randomness of its own, equal rows get equal candidates.

    Raises:
        TypeError: `generate` is neither callable nor the name of a column.
    """

    def __init__(self, generate: Generate | str) -> None:
        if not callable(generate) and not isinstance(generate, str):
            raise TypeError(
                "generate is a function (prompts, k) -> lists of completions, or the name of a column that has them, "
                f"not {type(generate).__name__}"
            )
        self.generate = generate
        self._takes_seeds = callable(generate) and "seeds" in _parameters(generate)

    def __repr__(self) -> str:
        """What the manifest calls it: nothing that changes from process to process."""
        if isinstance(self.generate, str):
            return f"column {self.generate!r}"
        return name_of(self.generate)

    def of(self, rows: Sequence[Row], prompts: Sequence[Any], k: int, seeds: Sequence[int]) -> list[list[Any]]:
        """The candidates of each row, in the form of its prompt: text for text, messages for messages.

        Raises:
            ValueError: not one list of completions for each prompt.
            TypeError: a candidate that is neither text nor messages, or messages for a prompt that is text.
            KeyError: a row does not have the column.
        """
        if isinstance(self.generate, str):
            given: Any = [_column(row, self.generate) for row in rows]
        else:
            given = self.generate(list(prompts), k, **({"seeds": list(seeds)} if self._takes_seeds else {}))
        if len(given) != len(prompts):
            raise ValueError(f"{self!r} gave {len(given)} lists of completions for {len(prompts)} prompts")
        return [
            [as_completion(candidate, prompt) for candidate in _several(self, candidates)]
            for candidates, prompt in zip(given, prompts, strict=True)
        ]


def name_of(thing: Any) -> str:
    """A function's name, or an object as it was written; an address in memory, which no two runs share, is left out."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(getattr(thing, "__qualname__", None) or repr(thing)))


def as_completion(candidate: Any, prompt: Any) -> Any:
    """A candidate as TRL wants it beside this prompt, of characters that can be written to a file."""
    completion_text(candidate)  # raises a TypeError that tells what it is
    candidate = encodable(candidate)
    if isinstance(prompt, str):
        if not isinstance(candidate, str):
            raise TypeError(f"the prompt is text and a candidate is messages: {candidate!r:.80}")
        return candidate
    return [{"role": "assistant", "content": candidate}] if isinstance(candidate, str) else candidate


def encodable(value: Any) -> Any:
    """The value with halves of characters, which UTF-8 cannot hold, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {name: encodable(item) for name, item in value.items()}
    return [encodable(item) for item in value] if isinstance(value, (list, tuple)) else value


def distinct(candidates: Sequence[Any]) -> list[Any]:
    """The candidates without those whose text was there before."""
    return list({completion_text(candidate): candidate for candidate in reversed(candidates)}.values())[::-1]


def _several(source: Candidates, candidates: Any) -> Any:
    if isinstance(candidates, (str, Mapping)) or not hasattr(candidates, "__iter__"):
        raise TypeError(f"{source!r} gave {candidates!r:.60} for one prompt: give a list of completions")
    return candidates


def _column(row: Row, name: str) -> Any:
    if name not in row:
        raise KeyError(f"no column {name!r} with candidates in the data set; it has: {', '.join(sorted(row))}")
    return row[name]


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except ValueError:  # built in, and silent about itself
        return {}
