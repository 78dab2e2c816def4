"""Who meets whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.rewards.preferences import first_round_pairs, tournament_pairs

orders = st.integers(0, 13).flatmap(lambda n: st.permutations(range(n)))


@given(orders)
def test_counts_and_winners(order):
    first, tournament = (form(order, lambda i, j: i > j) for form in (first_round_pairs, tournament_pairs))
    assert len(first) == len(order) // 2
    assert len({place for pair in first for place in pair}) == 2 * len(first)
    assert len(tournament) == max(len(order) - 1, 0)
    assert tournament[: len(first)] == first
    assert all(winner > loser for winner, loser in tournament)
    if tournament:
        assert tournament[-1][0] == max(order)
        losers = [loser for _, loser in tournament]
        assert len(set(losers)) == len(losers)  # whoever loses is out


@pytest.mark.parametrize("form", [first_round_pairs, tournament_pairs])
@given(order=orders)
def test_a_match_without_a_winner_is_no_pair(form, order):
    assert form(order, lambda i, j: None) == []


def test_a_bye_joins_behind_the_winners():
    assert tournament_pairs([4, 3, 2, 1, 0], lambda i, j: i > j) == [(4, 3), (2, 1), (4, 2), (4, 0)]
    assert tournament_pairs([0, 1, 2], lambda i, j: None if 0 in (i, j) and 1 in (i, j) else i > j) == [(2, 0)]
