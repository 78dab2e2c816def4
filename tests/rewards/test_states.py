"""What rewards remember: a snapshot while a batch is judged, committed after it, the same everywhere."""

from __future__ import annotations

import json
import pickle
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.rewards import Function, RunningMoments
from tests.judged import reward_of_length
from tests.rewards.strategies import a, b

LENGTH = Function(reward_of_length)


def standardized():
    return LENGTH.standardize("length")


@given(st.lists(st.lists(st.floats(-1e3, 1e3), max_size=5), max_size=5))
def test_moments_are_those_of_all_numbers_however_they_are_sharded(shards):
    moments = RunningMoments("m")
    moments.commit(shards)
    numbers = [number for shard in shards for number in shard]
    assert moments.count == len(numbers)
    if numbers:
        assert moments.mean == pytest.approx(statistics.fmean(numbers), abs=1e-9)
        assert moments.std == pytest.approx(statistics.pstdev(numbers) if len(numbers) > 1 else 0.0, abs=1e-6)


def test_a_batch_reads_what_was_committed_before_it():
    reward = standardized()
    assert reward(completions=["a", "abc"]) == [1.0, 3.0]
    first = reward(completions=["abc", "a", "abcde"])
    reward = standardized()
    reward(completions=["a", "abc"])
    assert reward(completions=["abcde", "abc", "a"]) == [first[2], first[0], first[1]]  # the order of rows is nothing


def test_only_training_calls_are_remembered():
    reward = standardized()
    reward.verdict("a")
    reward.verdicts(["a", "bc"])
    reward.explain("abc")
    assert reward.state_dict()["length"]["count"] == 0
    reward(completions=["a"])
    assert reward.state_dict()["length"]["count"] == 1


def test_an_abstention_is_not_observed():
    reward = a.standardize("s")
    assert reward(completions=["x", "x"], said=[{"a": None}, {"a": 1}]) == [None, 1.0]
    assert reward.state_dict()["s"]["count"] == 1


def test_a_remembering_part_that_is_written_twice_observes_once():
    part = standardized()
    (part + 0.5 * part)(completions=["a", "bc"])
    assert part.state_dict()["length"]["count"] == 2


def test_a_trainer_may_take_over_the_commits():
    reward = standardized()
    reward.defer_commits()
    (moments,) = reward.states.values()
    reward(completions=["a", "bc"])
    assert moments.count == 0
    mine = moments.pending()
    assert sorted(mine) == [1.0, 2.0]
    assert moments.pending() == []
    moments.commit([mine, [3.0]])
    assert (moments.count, moments.mean) == (3, 2.0)
    reward(completions=["abc"])
    moments.discard()
    assert moments.pending() == []


def test_saved_and_loaded_exactly():
    reward = standardized()
    for text in ("a", "bcd", "efghijk"):
        reward(completions=[text, text * 3])
    saved = json.loads(json.dumps(reward.state_dict()))
    other = standardized()
    other(completions=["zz"])
    other.load_state_dict(saved)
    assert other.state_dict() == reward.state_dict()
    batch = ["abc", "ab", "abcdefg"]
    assert other(completions=batch) == reward(completions=batch)
    assert other.state_dict() == reward.state_dict()


def test_loading_drops_what_was_observed():
    moments = RunningMoments("m")
    moments.observe(5.0)
    moments.load_state_dict(RunningMoments("m").state_dict())
    assert moments.pending() == []


def test_loading_another_rewards_states_names_both_sides():
    with pytest.raises(KeyError, match=r"holds the states \['other'\], this reward has \['length'\]"):
        standardized().load_state_dict({"other": {}})


def test_states_have_names_of_their_own():
    with pytest.raises(ValueError, match="two states of this reward are called 's': give each a name of its own"):
        a.standardize("s") + b.standardize("s")
    with pytest.raises(ValueError, match="are called 's'"):
        a.standardize("s").standardize("s")
    with pytest.raises(ValueError, match="are called 's'"):
        a.standardize("s").gate(b.standardize("s"))
    with pytest.raises(ValueError, match="a state needs a name"):
        a.standardize("")
    assert sorted((a.standardize("s") + b.standardize("t")).states) == ["s", "t"]


def test_two_memories_of_one_part_are_kept_apart():
    reward = LENGTH.standardize("s") + LENGTH.standardize("t")
    reward(completions=["a", "abc"])
    assert reward.state_dict()["s"] == reward.state_dict()["t"] == {"count": 2, "mean": 2.0, "squares": 2.0}


def test_a_pickled_reward_keeps_its_memory_and_is_equal():
    reward = standardized() + a.standardize("s")
    reward(completions=["a", "abc"], said=[{"a": 1}, {"a": 0}])
    again = pickle.loads(pickle.dumps(reward))
    assert again == reward
    assert again.state_dict() == reward.state_dict()
    assert repr(again) == "Function(reward_of_length).standardize('length') + a.standardize('s')"
