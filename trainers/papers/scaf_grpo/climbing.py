"""Up the ladder with the policy as it is: every failed group at once, rung by rung or all rungs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trl.data_utils import is_conversational

from ...seam import Chain, Policy
from .ladder import Rung, select

Search = Literal["sequential", "parallel"]


@dataclass
class Climb:
    """How one group's ladder went: answers that were drawn on it, and the winner with its rung, if there is one."""

    drawn: int = 0
    winner: Chain | None = None
    rung: Rung | None = None


def climb(
    ladders: Mapping[int, Sequence[tuple[Rung, list[int]]]],
    chains: Sequence[Chain],
    policy: Policy,
    verify: Callable[[Sequence[Chain]], list[float | None]],
    search: Search = "sequential",
) -> dict[int, Climb]:
    """Draw one answer a rung, at the temperature of training, until one is right. *Collective.*

    ladders: place in `chains` of the row that may be replaced -> rungs with their prompt ids, the least help first.
    search: "sequential" stops at the first success; "parallel" draws all rungs in one call and takes the lowest
    success, which has the same distribution.

    An answer without a token, or with none but the end, is a failure.
    """
    climbs = {place: Climb() for place in ladders}
    waiting = {place: list(rungs) for place, rungs in ladders.items() if rungs}
    width = 1 if search == "sequential" else max(map(len, waiting.values()), default=1)
    while policy.anyone(bool(waiting)):
        tries = {place: rungs[:width] for place, rungs in waiting.items()}
        drawn = {place: [chains[place].fresh(ids) for _, ids in rungs] for place, rungs in tries.items()}
        flat = [chain for several in drawn.values() for chain in several]
        policy.extend(flat)
        scores = {id(chain): score for chain, score in zip(flat, verify(flat), strict=True)}
        for place, answers in drawn.items():
            rewards = [scores[id(chain)] if says_something(chain) else 0.0 for chain in answers]
            best, _ = select([rung.order for rung, _ in tries[place]], rewards)
            one = climbs[place]
            one.drawn += len(answers)
            if best is not None:
                one.winner, one.rung = answers[best], tries[place][best][0]
        waiting = {
            place: left for place, rungs in waiting.items() if not climbs[place].winner and (left := rungs[width:])
        }
    return climbs


def says_something(chain: Chain) -> bool:
    """Whether there is a token before the end."""
    return any(token not in chain.end_ids for token in chain.own_ids)


def question_of(prompt: Any) -> str:
    """The question of a prompt: a text itself, of a conversation what the user said last.

    Raises:
        ValueError: no user has spoken, or not in text.
    """
    if not is_conversational({"prompt": prompt}):
        return str(prompt)
    said = [message["content"] for message in prompt if message["role"] == "user"]
    if not said or not isinstance(said[-1], str):
        raise ValueError(f"a hint is put behind what the user asks, in text; the prompt is {str(prompt)[:80]!r}")
    return said[-1]


def hinted_prompt(prompt: Any, user_message: str) -> Any:
    """The prompt with another question in it; everything else stays: system message, earlier turns."""
    if not is_conversational({"prompt": prompt}):
        return user_message
    last = max(place for place, message in enumerate(prompt) if message["role"] == "user")
    return [{**message, "content": user_message} if place == last else message for place, message in enumerate(prompt)]
