"""A reward under limits: multipliers that move once a batch, are remembered, and cannot be escaped."""

from __future__ import annotations

import json
import pickle
import random
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import ExactJudge, FormatJudge, TooLong, judge
from jurybox.rewards import Constrained, Function, Multipliers
from tests.judged import reward_of_length
from tests.rewards.strategies import a, b, c

LONG = TooLong(2, unit="words")


def constrained(**changes):
    settings = {"costs": {"b": b, "c": c}, "limits": {"b": 0.2, "c": 0.5}, "eta": 0.5} | changes
    return Constrained(a, **settings)


def rows(*said):
    return {"completions": ["x"] * len(said), "said": [dict(zip("abc", row, strict=True)) for row in said]}


def test_a_batch_is_weighed_by_the_multipliers_before_it():
    reward = constrained()
    assert reward(**rows((1, 1, 1), (0, 1, 0))) == [1.0, 0.0]
    assert reward.multipliers.values == {"b": 0.4, "c": 0.0}
    assert reward(**rows((1, 1, 1), (0, 0, 1))) == pytest.approx([(1 - 0.4) / 1.4, 0.0])
    assert reward.multipliers.values == pytest.approx({"b": 0.4 + 0.5 * 0.3, "c": 0.25})
    unscaled = constrained(rescale=False)
    unscaled.load_state_dict(reward.state_dict())
    assert unscaled.verdict("x", said={"a": 1, "b": 1, "c": 1}).score == pytest.approx(1 - 0.55 - 0.25)


@given(st.lists(st.lists(st.tuples(*[st.sampled_from([0.0, 0.3, 1.0])] * 2), max_size=4), min_size=1, max_size=4))
def test_the_step_is_of_the_mean_over_all_processes_however_rows_lie(shards):
    together, apart = (Multipliers({"b": 0.25, "c": 0.5}, eta=0.3) for _ in range(2))
    observed = [[{"b": b, "c": c} for b, c in shard] for shard in shards]
    together.commit([[row for shard in observed for row in shard]])
    apart.commit(observed)
    assert apart.values == together.values
    if flat := [b for shard in shards for b, _ in shard]:
        assert apart.values["b"] == pytest.approx(max(0.3 * (sum(flat) / len(flat) - 0.25), 0.0))
    else:
        assert apart.values == {"b": 0.0, "c": 0.0}


def test_only_training_is_remembered_and_a_trainer_may_commit():
    reward = constrained()
    reward.verdict("x", said={"a": 1, "b": 1, "c": 1})
    reward.verdicts(**rows((1, 1, 1)))
    reward.explain("x", said={"a": 1, "b": 1, "c": 1})
    reward.defer_commits()
    reward(**rows((1, 1, 1)))
    assert reward.multipliers.values == {"b": 0.0, "c": 0.0}
    assert reward.multipliers.pending() == [{"b": 1.0, "c": 1.0}]


def test_written_twice_it_observes_once():
    reward = constrained()
    (reward + 0.5 * reward)(**rows((1, 1, 1), (1, 0, 0)))
    assert reward.multipliers.costs == {"b": 0.5, "c": 0.5}


def test_saved_and_loaded_exactly():
    reward, rng = constrained(), random.Random(0)
    for _ in range(20):
        reward(**rows(*[[rng.random() for _ in "abc"] for _ in range(3)]))
    saved = json.loads(json.dumps(reward.state_dict()))
    other = pickle.loads(pickle.dumps(constrained()))
    other.load_state_dict(saved)
    assert other.state_dict() == reward.state_dict()
    assert any(reward.multipliers.values.values())
    with pytest.raises(ValueError, match=r"saved were the costs \['b', 'c'\], these are \['b'\]"):
        constrained(costs={"b": b}, limits={"b": 0.1}).load_state_dict(saved)


def test_a_row_that_cannot_be_weighed_is_left_out_and_what_is_known_of_it_still_counts():
    reward = constrained()
    assert reward(**rows((None, 1, 1), (1, None, 1), (1, 0, 0))) == [None, None, 1.0]
    assert reward.multipliers.costs == pytest.approx({"b": 0.5, "c": 2 / 3})
    assert reward.verdict("x", said={"a": 1, "b": 1, "c": None}).reason == "c abstains"


@judge
def breaks(completion):
    """A cost that is broken by what it should charge."""
    if "boom" in completion:
        raise RuntimeError(completion)
    return 0.0


def test_breaking_the_judge_of_a_cost_costs_the_most():
    reward = Constrained(a, costs={"breaks": breaks}, limits={"breaks": 0.0}, eta=1.0)
    batch = {"completions": ["boom", "fine"], "said": [{"a": 1}] * 2}
    reward(**batch)
    assert reward.multipliers.values == {"breaks": 0.5}
    broken, fine = reward(**batch)
    assert (broken, fine) == pytest.approx(((1 - 0.5) / 1.5, 1 / 1.5))


def test_a_limit_out_of_reach_is_told_once():
    reward = Constrained(a, costs={"b": b}, limits={"b": 0.0}, eta=1.0, cap=2.0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(5):
            reward(**rows((1, 1, 0)))
    (warning,) = told
    assert "multiplier of 'b' has reached its cap of 2: its mean is 1, and" in str(warning.message)
    assert reward.multipliers.values == {"b": 2.0}


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5), st.booleans())
def test_numbers_lie_within_the_bounds(said, rescale):
    reward = constrained(rescale=rescale, eta=3.0, cap=20.0)
    low, high = reward.bounds
    for _ in range(3):
        assert all(low - 1e-9 <= number <= high + 1e-9 for number in reward(**rows(*said)))


def test_passed_is_the_reward_s_and_within_every_limit():
    for said, passed in (((1, 0.2, 0.5), True), ((1, 0.3, 0.5), False), ((0.9, 0, 0), False)):
        assert constrained().verdict("x", said=dict(zip("abc", said, strict=True))).passed is passed


def test_its_numbers_are_logged_under_its_name():
    logged: dict[str, float] = {}
    reward = constrained().named("limited")
    reward(**rows((1, 1, 1), (1, 0, 1)), log_metric=logged.__setitem__)
    reward(**rows((1, 1, 1), (1, 0, 1)), log_metric=logged.__setitem__)
    assert logged["limited/multiplier/b"] == pytest.approx(0.15)
    assert logged["limited/cost/c"] == 1.0
    assert logged["limited/excess/c"] == 0.5
    assert logged["b/score"] == 0.5  # the cost itself, as its judge logs it


def test_it_prints_as_it_was_written():
    reward = Constrained(
        ExactJudge(), costs={"long": LONG, "odd": ~FormatJudge()}, limits={"long": 0.1, "odd": 0}, cap=3
    )
    written = (
        "Constrained(ExactJudge(), costs={'long': TooLong(2, unit='words'), 'odd': ~FormatJudge()}, "
        "limits={'long': 0.1, 'odd': 0.0}, cap=3)"
    )
    assert repr(reward) == written
    assert repr(2 * reward.named("x") + LONG) == f"2 * {written}.named('x') + TooLong(2, unit='words')"


@pytest.mark.parametrize(("changes", "words"), [
    ({"costs": {}}, "costs and limits are mappings"),
    ({"costs": [b]}, "costs and limits are mappings"),
    ({"limits": 0.1}, "costs and limits are mappings"),
    ({"limits": {"b": 0.1}}, "one for each"),
    ({"limits": {"b": 0.1, "c": float("nan")}}, "the limit of 'c' is a finite number"),
    ({"costs": {"b": b, "c": -1 * c}}, "may be anything from -1 to 0: a cost is never negative"),
    ({"costs": {"b": b, "c": Function(reward_of_length)}}, "its greatest number is known"),
    ({"eta": 0.0}, "eta=0"),
    ({"cap": float("inf")}, "cap=inf"),
    ({"memory": ""}, "a state needs a name"),
])  # fmt: skip
def test_wrong_settings_say_how_to_mend_them(changes, words):
    with pytest.raises(ValueError, match=words):
        constrained(**changes)


def test_two_in_one_expression_need_names():
    with pytest.raises(ValueError, match="two states of this reward are called 'multipliers'"):
        constrained() + constrained(eta=0.2)
    assert sorted((constrained() + constrained(memory="others")).states) == ["multipliers", "others"]
