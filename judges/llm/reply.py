"""What goes to a language model and what comes back: the two extension points of the LLM judge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

Message: TypeAlias = Mapping[str, str]  # {"role": ..., "content": ...}
Messages: TypeAlias = Sequence[Message]
Complete: TypeAlias = Callable[[Messages], "str | Awaitable[str]"]
Labels: TypeAlias = Mapping[str, "float | None"]


class Reply(str):
    """The text a model answered with. A plain string will do; this one also knows what it cost.

    Attributes:
        prompt_tokens, completion_tokens: as the model counted them; 0 when it did not say.
        cut_off: whether the model ran into its limit of tokens.
        probabilities: of each label at the answer position, from a model that decides by them; else empty.
    """

    prompt_tokens: int
    completion_tokens: int
    cut_off: bool
    probabilities: Mapping[str, float]

    def __new__(
        cls,
        text: str,
        *,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        cut_off: bool = False,
        probabilities: Mapping[str, float] | None = None,
    ) -> Reply:
        self = super().__new__(cls, text)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.cut_off = cut_off
        self.probabilities = dict(probabilities or {})
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (str(self),), self.details()

    def details(self) -> dict[str, Any]:
        """Everything but the text, where it says something."""
        return {name: value for name, value in vars(self).items() if value}


@runtime_checkable
class Decider(Protocol):
    """A model that is asked for a label's probability rather than for text (see `LocalModel`).

    Attributes:
        batch_size: how many conversations it takes at once.
    """

    batch_size: int

    def decide(self, conversations: Sequence[Messages], labels: Labels) -> list[Reply]:
        """For each conversation the chosen label, with the probabilities of all of them."""
        ...
