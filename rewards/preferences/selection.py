"""From rated candidates to pairs: which of them meet, round by round, for all prompts at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from .pairing import Pair, Rounds, Won, rounds
from .rating import Preference, Ratings
from .rejection import rejection_sample
from .settings import Settings


def pairs_of(
    ratings: Ratings, settings: Settings, rngs: Sequence[random.Random], tally: Counter[str]
) -> list[list[Preference]]:
    """The pairs of each prompt; what gives none is counted in `tally`.

    The matches of a round are decided together, so that a judge of two answers can ask its model about many at once.
    """
    rewards = ratings.rewards() if settings.ranks else ratings.usable()
    playing = {
        prompt: meeting_of(row, settings, rng, tally)
        for prompt, (row, rng) in enumerate(zip(rewards, rngs, strict=True))
    }
    found: list[list[Preference]] = [[] for _ in rewards]
    said: dict[int, list[Won]] = {}
    while asked := dict(_next_round(playing, said)):
        matches = [(prompt, *match) for prompt, several in asked.items() for match in several]
        outcomes = iter(ratings.outcomes(matches, settings.min_margin))
        for prompt, several in asked.items():
            said[prompt] = []
            for first, _ in several:
                outcome = next(outcomes)
                if isinstance(outcome, str):
                    tally[f"pairs {outcome}"] += 1
                    said[prompt].append(None)
                else:
                    found[prompt].append(outcome)
                    said[prompt].append(outcome.winner == first)
    tally["pairs"] += sum(map(len, found))
    tally["prompts without a pair"] += sum(not pairs for pairs in found)
    return found


def _next_round(playing: dict[int, Rounds], said: dict[int, list[Won]]) -> Iterator[tuple[int, list[Pair]]]:
    """The matches of each prompt that has not ended."""
    for prompt, meeting in list(playing.items()):
        try:
            yield prompt, meeting.send(said[prompt]) if prompt in said else next(meeting)
        except StopIteration:
            del playing[prompt]


def meeting_of(rewards: Sequence[float | None], settings: Settings, rng: random.Random, tally: Counter[str]) -> Rounds:
    """Who meets whom among one prompt's candidates."""
    left = {index: reward for index, reward in enumerate(rewards) if reward is not None}
    tally["candidates abstained on"] += len(rewards) - len(left)
    if len(left) < 2:
        return
    if settings.select == "best_worst":
        best = max(left, key=left.__getitem__)
        yield [(best, min(left.keys() - {best}, key=lambda index: (left[index], index)))]
        return
    order = list(left)
    if settings.rejects:
        kept = rejection_sample(rewards, settings.kept_of(len(rewards)), settings.beta, rng, allow_fewer=True)
        order = list(kept.indices)
        tally["candidates rejected"] += len(left) - len(order)
    rng.shuffle(order)
    yield from rounds(order, tournament=settings.select.endswith("tournament"))
