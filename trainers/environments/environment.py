"""What a model talks to: it says something, and hears a text and a reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reply:
    """What came back on what the model said.

    Attributes:
        text: what the model reads next; never learnt, never part of its answer.
        reward: for what it has just said.
        done: nothing comes after this.
        role: who speaks, in the messages that judges see.
        as_message: in a conversation, the text is a message of that role in the chat template. False: it stands where
            the model stopped, in the middle of its message, as a tool's result between tags does.
    """

    text: str = ""
    reward: float = 0.0
    done: bool = False
    role: str = "user"
    as_message: bool = True


class Environment(Protocol):
    """One episode of a text environment; it keeps its own state. What it shows first is in the prompt."""

    def step(self, said: str) -> Reply:
        """Take what the model said, whatever it is, and never raise for it."""
        ...
