"""ms-swift: an outcome reward, `--external_plugins FILE --reward_funcs NAME`, registered as `orms[NAME] = …`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .verl import stateless


def swift_orm(reward: Any) -> type:
    """A class that ms-swift takes as an ORM.

        from swift.rewards import orms
        orms["quality"] = swift_orm(MathJudge() + 0.2 * FormatJudge())

    ms-swift makes an object of it and calls that with the completions and the columns of the data set; what the reward
    abstains on is None there as here. The prompt is what stands before the last message of the column `messages`.

    Args:
        reward: a judge or a reward; it must not remember.
    """
    checked = stateless(reward, "ms-swift")

    class ORM:
        """The reward, as ms-swift makes and calls it."""

        def __init__(self, args: Any = None, **_: Any) -> None:
            self.args = args

        def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
            if (messages := columns.get("messages")) is not None and columns.get("prompts") is None:
                columns["prompts"] = [_asked(each) for each in messages]
            return checked(completions=completions, **columns)

    ORM.__name__ = ORM.__qualname__ = checked.name  # which the log shows
    return ORM


def _asked(messages: Any) -> Any:
    """A conversation without the answer."""
    if isinstance(messages, list) and messages and messages[-1].get("role") == "assistant":
        return messages[:-1]
    return messages
