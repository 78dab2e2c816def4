"""Two answers to one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..completion import completion_text, prompt_text


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: `first` and `second`, in the order in which they are shown.

    Attributes:
        prompt, first, second: texts or lists of messages.
        columns: the row of the data set they belong to, for judges that read columns.
    """

    prompt: Any
    first: Any
    second: Any
    columns: Mapping[str, Any] = field(default_factory=dict)

    def swapped(self) -> Pair:
        """The same with the answers exchanged."""
        return Pair(self.prompt, self.second, self.first, self.columns)

    def texts(self) -> tuple[str, str, str]:
        """Prompt and answers as text."""
        return prompt_text(self.prompt), completion_text(self.first), completion_text(self.second)
