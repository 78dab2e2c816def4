"""Which of the kept answers meet: once each, or in a tournament."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

Pair = tuple[int, int]
Won = bool | None
"""Whether the first of a match won; None when nobody can tell: then there is no pair, and the first goes on."""
Rounds = Generator[list[Pair], list[Won], None]
"""Yields the matches of a round, and is sent who won them."""


def rounds(order: Sequence[int], *, tournament: bool) -> Rounds:
    """Neighbours meet; in a tournament the winners meet again until one is left.

    An odd last one is left out, or in a tournament joins the next round behind the winners.
    """
    while len(order) > 1:
        matches = list(zip(order[::2], order[1::2], strict=False))
        won = yield matches
        if not tournament:
            return
        bye = order[len(matches) * 2 :]
        winners = [
            second if first_won is False else first for (first, second), first_won in zip(matches, won, strict=True)
        ]
        order = [*winners, *bye]


def first_round_pairs(order: Sequence[int], beats: Callable[[int, int], Won]) -> list[Pair]:
    """n // 2 pairs (winner, loser) of neighbours.

    >>> first_round_pairs([3, 0, 2, 1, 4], lambda i, j: i < j)
    [(0, 3), (1, 2)]
    """
    return _played(rounds(order, tournament=False), beats)


def tournament_pairs(order: Sequence[int], beats: Callable[[int, int], Won]) -> list[Pair]:
    """n − 1 pairs (winner, loser) in the order they are played, the final last.

    >>> tournament_pairs([3, 0, 2, 1, 4], lambda i, j: i < j)
    [(0, 3), (1, 2), (0, 1), (0, 4)]
    """
    return _played(rounds(order, tournament=True), beats)


def _played(meeting: Rounds, beats: Callable[[int, int], Won]) -> list[Pair]:
    pairs: list[Pair] = []
    matches = next(meeting, None)
    while matches is not None:
        won = [beats(first, second) for first, second in matches]
        pairs += [
            (first, second) if first_won else (second, first)
            for (first, second), first_won in zip(matches, won, strict=True)
            if first_won is not None
        ]
        try:
            matches = meeting.send(won)
        except StopIteration:
            matches = None
    return pairs
