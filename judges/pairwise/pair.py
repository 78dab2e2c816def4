"""Two answers to one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..completion import completion_text, prompt_text

Place = Literal["first", "second"]
PLACES: tuple[Place, ...] = ("first", "second")
OTHER: dict[Place, Place] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: `first` and `second`, in the order in which they are shown.

    Attributes:
        prompt, first, second: texts or lists of messages.
        columns: the row of the data set they belong to, for judges that read columns.
        trusted: an answer that nobody wins by, such as an anchor: where the two break a judge, the other has lost.
    """

    prompt: Any
    first: Any
    second: Any
    columns: Mapping[str, Any] = field(default_factory=dict)
    trusted: Place | None = None

    def swapped(self) -> Pair:
        """The same with the answers exchanged."""
        return Pair(self.prompt, self.second, self.first, self.columns, OTHER[self.trusted] if self.trusted else None)

    def lost_by(self, *spoilers: Place) -> float | None:
        """The probability that the first is better, where these answers left a judge without a verdict.

        ½ where either may have; None where it was the trusted one, which no other answer is to gain by.
        """
        blamed = set(spoilers) - {self.trusted}
        if not blamed:
            return None
        return 0.5 if len(blamed) == 2 else float(blamed == {"second"})

    def texts(self) -> tuple[str, str, str]:
        """Prompt and answers as text."""
        return prompt_text(self.prompt), completion_text(self.first), completion_text(self.second)
