"""HAPO's reward: what it remembers, when, and how it composes."""

from __future__ import annotations

import json
import pickle
import random
import warnings
from dataclasses import replace

import numpy as np
import pytest

from jurybox.judges import ExactJudge, LengthJudge, Verdict, judge
from jurybox.rewards import HAPO, LengthHistory


@judge
def said(completion, right):
    """What the row says: True, False, or None to abstain."""
    return right


def batch(reward, rows):
    """Train on rows (problem, number of tokens, right)."""
    problems, lengths, right = (list(column) for column in zip(*rows, strict=True))
    ids = [list(range(10, 10 + n)) for n in lengths]
    return reward(completions=[""] * len(rows), completion_ids=ids, problem_id=problems, right=right)


def h_of(reward):
    return {row["problem_id"]: row["shortest"] for row in reward.history.table()}


WORKED_EXAMPLE = [
    ([(0, 100, True), (0, 80, False), (0, 120, True), (0, 60, False)], [1, 0, 1, 0], 100),
    ([(0, 50, True), (0, 100, True), (0, 200, False), (0, 400, True)], [1.70711, 1, -1, 0.3], 50),
    ([(0, 49, False), (0, 51, True)], [0, 0.96859], 50),
]


def test_the_worked_example():
    reward = HAPO(said)
    for rows, rewards, h in WORKED_EXAMPLE:
        assert batch(reward, rows) == pytest.approx(rewards, abs=1e-5)
        assert h_of(reward) == {0: h}


def random_batches(seed, batches=12, rows=8):
    rng = random.Random(seed)
    return [
        [(rng.randrange(3), rng.randint(0, 60), rng.choice([True, False, None])) for _ in range(rows)]
        for _ in range(batches)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_history_never_grows_and_wrong_answers_never_change_it(seed):
    reward, least = HAPO(said), {}
    for rows in random_batches(seed):
        before = h_of(reward)
        batch(reward, [(problem, n, right and None) for problem, n, right in rows])
        batch(reward, [(problem, n, False) for problem, n, _ in rows])
        assert {problem: h for problem, h in h_of(reward).items() if h} == {p: h for p, h in before.items() if h}
        batch(reward, rows)
        for problem, n, right in rows:
            if right and n:
                least[problem] = min(n, least.get(problem, n))
        assert {problem: h for problem, h in h_of(reward).items() if h} == least


@pytest.mark.parametrize("mode", ["min", "mean"])
def test_the_order_of_a_batch_permutes_the_rewards_and_changes_no_history(mode):
    ordered, shuffled, rng = HAPO(said, mode=mode), HAPO(said, mode=mode), random.Random(0)
    for rows in random_batches(7):
        order = rng.sample(range(len(rows)), len(rows))
        expected = batch(ordered, rows)
        assert batch(shuffled, [rows[place] for place in order]) == [expected[place] for place in order]
        for problem in range(3):
            assert ordered.history.h(problem, mode) == shuffled.history.h(problem, mode)


def test_the_mean_is_of_all_right_answers_without_rounding():
    reward = HAPO(said, mode="mean")
    batch(reward, [(0, 100, True), (0, 120, True), (0, 7, False)])
    batch(reward, [(0, 50, True), (0, 100, True), (0, 400, True)])
    assert reward.history.h(0, "mean") == 154.0
    assert batch(reward, [(0, 154, True)]) == pytest.approx([1.0])


def test_a_first_visit_is_correctness_and_stays_it_until_solved():
    reward = HAPO(said)
    assert batch(reward, [(0, 5, False), (0, 500, False), (1, 9, True)]) == [0.0, 0.0, 1.0]
    assert batch(reward, [(0, 500, True), (0, 5, True)]) == [1.0, 1.0]


def test_groups_that_are_all_wrong_still_have_a_spread():
    reward = HAPO(said)
    batch(reward, [(0, 10, True)])
    assert batch(reward, [(0, 10, False), (0, 15, False), (0, 30, False)]) == pytest.approx([0, -0.70711, -1], abs=1e-5)


def test_an_abstention_is_passed_on_and_changes_nothing_else():
    reward, without = HAPO(said), HAPO(said)
    rows = [(0, 10, True), (0, 3, None), (0, 12, False)]
    assert batch(reward, rows) == [1.0, None, 0.0]
    batch(without, [rows[0], rows[2]])
    assert reward.state_dict() == without.state_dict()
    verdict = reward.verdict("", problem_id=0, completion_ids=[1], right=None)
    assert (verdict.status, verdict.reason) == ("skipped", "said abstains")


def test_an_empty_right_answer_is_not_a_record():
    reward = HAPO(said)
    assert batch(reward, [(0, 0, True)]) == [1.0]
    assert h_of(reward) == {0: None}
    batch(reward, [(0, 5, True), (0, 0, True)])
    assert batch(reward, [(0, 0, True)]) == [2.0]
    assert h_of(reward) == {0: 5}


def test_special_tokens_are_no_part_of_a_length():
    reward = HAPO(said, history=LengthHistory(special_ids=[1, 0]))
    verdict = reward.verdict("", problem_id=0, completion_ids=[7, 8, 9, 1, 0, 0], right=True)
    assert verdict.evidence["n"] == 3


@pytest.mark.parametrize(("unit", "n"), [("words", 3), ("characters", 9)])
def test_text_is_counted_without_a_tokenizer(unit, n):
    reward = HAPO(said, unit=unit, repetition_penalty=-0.9, ngram_size=1)
    verdict = reward.verdict("one one 1", problem_id=0, right=True)
    assert verdict.evidence["n"] == n
    assert verdict.evidence["repetition"] < 0


def test_repetition_is_subtracted_with_and_without_a_history():
    reward = HAPO(said, repetition_penalty=-0.7)
    columns = {"problem_id": [0], "completion_ids": [[1, 2, 3, 1, 2, 3, 4]]}
    assert reward(completions=[""], right=[True], **columns) == pytest.approx([1 - 0.3])
    assert reward(completions=[""], right=[True], **columns) == pytest.approx([1 - 0.3])


def test_only_training_is_remembered():
    reward = HAPO(said)
    row = {"problem_id": 0, "completion_ids": [1, 2], "right": True}
    reward.verdict("", **row)
    reward.explain("", **row)
    reward.verdicts([""], **{name: [value] for name, value in row.items()})
    assert len(reward.history) == 0


def test_saved_and_loaded_it_rewards_as_if_never_interrupted():
    whole, first = HAPO(said), HAPO(said)
    batches = random_batches(3)
    for rows in batches[:6]:
        batch(whole, rows)
        batch(first, rows)
    resumed = HAPO(said)
    batch(resumed, [("other", 1, True)])
    resumed.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for rows in batches[6:]:
        assert batch(resumed, rows) == batch(whole, rows)
    assert resumed.state_dict() == whole.state_dict()
    assert pickle.loads(pickle.dumps(whole)).state_dict() == whole.state_dict()


def test_processes_agree_on_the_shortest():
    alone = HAPO(said)
    sides = [HAPO(said), HAPO(said)]
    for side in sides:
        side.defer_commits()
    for rows in random_batches(5):
        expected = batch(alone, rows)
        halves = [batch(side, half) for side, half in zip(sides, (rows[:4], rows[4:]), strict=True)]
        assert [*halves[0], *halves[1]] == expected
        shards = [side.history.pending() for side in sides]
        for side in sides:
            side.history.commit(shards)
    assert sides[0].state_dict() == sides[1].state_dict() == alone.state_dict()


def test_problems_are_called_by_numbers_or_strings():
    reward = HAPO(said)
    batch(reward, [(7, 10, True), ("7", 20, True), (np.int64(7), 5, True)])
    assert h_of(reward) == {7: 5, "7": 20}
    again = LengthHistory()
    again.load_state_dict(json.loads(json.dumps(reward.history.state_dict())))
    assert again.table() == reward.history.table()
    for wrong in (None, 1.5, True, ["a"]):
        with pytest.raises(ValueError, match="whole number or a string"):
            batch(reward, [(wrong, 10, True)])


def test_missing_columns_say_what_to_do():
    with pytest.raises(KeyError, match="reads the column 'problem_id'"):
        HAPO(said)(completions=[""], right=[True], completion_ids=[[1]])
    with pytest.raises(KeyError, match=r"give it, or count something else, HAPO\(..., unit='words'\)"):
        HAPO(said).verdict("", right=True, problem_id=0)
    with pytest.raises(KeyError, match="'right'"):
        HAPO(said).verdict("", problem_id=0, completion_ids=[1])
    HAPO(said, id_column="idx", unit="words").verdict("", idx=0, right=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "max"}, "mode must be 'min' or 'mean', not 'max'"),
        ({"unit": "bytes"}, "unit must be 'tokens' or 'words' or 'characters'"),
        ({"kind": "square"}, "kind must be"),
        ({"w": -1.0}, "w must be 0"),
        ({"c": 0.5}, "must be in"),
        ({"repetition_penalty": 0.1}, "repetition_penalty"),
        ({"ngram_size": 0}, "ngram_size"),
    ],
    ids=str,
)
def test_wrong_settings_fail_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        HAPO(said, **settings)


def test_a_weight_that_lets_wrong_answers_win_warns():
    with pytest.warns(UserWarning, match=r"with w=1.43 and c=-0.7 a long right answer earns no more than a wrong one"):
        HAPO(said, w=1.43)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HAPO(said, w=1.42)
        HAPO(said, w=2.0, c=-0.4)


def test_it_prints_as_it_was_written():
    for written in (
        "HAPO(ExactJudge())",
        "HAPO(ExactJudge('gold') & LengthJudge(9), w=0.5, c=-0.2, kind='linear', mode='mean', unit='words')",
        "HAPO(ExactJudge(), history=LengthHistory('mine', special_ids=[0, 1])).named('short') + 0.5 * LengthJudge(9)",
    ):
        names = {"HAPO": HAPO, "ExactJudge": ExactJudge, "LengthJudge": LengthJudge, "LengthHistory": LengthHistory}
        reward = eval(written, names)
        assert repr(reward) == written
        assert eval(repr(reward), names) == reward


def test_it_composes_with_everything():
    short = HAPO(said)
    assert short.bounds == pytest.approx((-1.0, 2.0))
    assert replace(short, kind="linear").history is short.history
    reward = (0.5 * short.named("short") + LengthJudge(2, unit="words")).gate(said, otherwise=-1.0)
    assert batch(reward, [(0, 10, True), (0, 5, False)]) == [1.5, -1.0]
    assert reward.state_dict() == short.state_dict()
    assert h_of(short) == {0: 10}
    two = HAPO(said) * HAPO(said, history=LengthHistory("other"))
    assert sorted(two.states) == ["length_history", "other"]
    with pytest.raises(ValueError, match="two states of this reward are called 'length_history'"):
        HAPO(said) + HAPO(said, w=0.5)


def test_partial_credit_is_not_right():
    graded = judge(lambda completion, score: score, name="graded", threshold=0.8)
    reward = HAPO(graded, unit="words")
    rewards = reward(completions=["a b"] * 3, problem_id=[0, 1, 2], score=[0.5, 0.9, 1.0])
    assert rewards == [0.0, 1.0, 1.0]
    assert h_of(reward) == {0: None, 1: 2, 2: 2}


def test_an_explanation_shows_n_and_h():
    reward = HAPO(said)
    row = {"problem_id": 0, "completion_ids": [1, 2], "right": True}
    assert "1  no history · n=2, h=None, length_reward=0.0" in reward.explain("", **row)
    batch(reward, [(0, 4, True)])
    assert reward.explain("", **row).splitlines() == [
        "HAPO(said)",
        "✓ hapo: 1.707  shorter · n=2, h=4, length_reward=0.7071",
        "└─ ✓ said: 1",
    ]
    assert isinstance(reward.verdict("", **row), Verdict)


def test_a_named_one_is_logged():
    reward, logged = HAPO(said).named("hapo"), {}
    rows = {"completions": ["", ""], "completion_ids": [[1, 2], [1]], "problem_id": [0, 0]}
    reward(**rows, right=[True, None], log_metric=logged.__setitem__)
    assert (logged["hapo/n"], logged["hapo/known"], logged["hapo/abstained"]) == (2, 0.0, 0.5)
    assert "hapo/h" not in logged
    reward(**rows, right=[True, False], log_metric=logged.__setitem__)
    assert (logged["hapo/n"], logged["hapo/known"], logged["hapo/h"], logged["said/passed"]) == (1.5, 1.0, 2.0, 0.5)
    assert reward.metrics([Verdict(None, "skipped", "")]).keys() == {"abstained", "timeouts", "seconds"}
