"""The judge of schedules: what a plan earns, what is no plan, and that nothing but profit is paid for."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from jurybox.judges import ScheduleJudge
from jurybox.judges.fleet import (
    FleetWorld,
    GreedyDispatcher,
    Scenario,
    ScheduleDispatcher,
    operate,
    orders_of,
    schedule_of,
    schedule_rows,
)

MINI = FleetWorld.mini()
JUDGE = ScheduleJudge()


def flown(dispatcher=None, seed=1, world=MINI):
    return operate(Scenario(world, seed), dispatcher or GreedyDispatcher())


@pytest.mark.parametrize("seed", range(5))
def test_the_greedy_schedule_earns_what_greed_earned(seed):
    day = flown(seed=seed)
    verdict = JUDGE.verdict(json.dumps(schedule_of(day)), scenario_seed=seed)
    assert verdict.evidence["profit"] == pytest.approx(day.profit, abs=1e-9)
    assert verdict.evidence["reference"] == pytest.approx(day.profit, abs=1e-9)
    assert (verdict.score, verdict.passed, verdict.reason) == (0.5, True, "flown")
    assert verdict.evidence["infeasible"] == verdict.evidence["never_reached"] == 0


def test_the_score_is_profit_over_reference():
    reference = flown().profit
    plan = {name: places[:20] for name, places in schedule_of(flown()).items()}
    text, profit = json.dumps(plan), flown(ScheduleDispatcher(orders_of(plan, MINI))).profit
    assert 0 < profit < reference
    assert JUDGE.verdict(text, scenario_seed=1).score == pytest.approx(profit / reference / 2)
    assert ScheduleJudge(ceiling=1.0).verdict(text, scenario_seed=1).score == pytest.approx(profit / reference)
    (reward,) = (2.0 * JUDGE)(completions=[text], scenario_seed=[1])
    assert reward == pytest.approx(profit / reference)
    slow = ScheduleJudge(reference=ScheduleDispatcher(orders_of({"0": plan["0"]}, MINI)))
    assert slow.verdict(text, scenario_seed=1).score == 1.0  # several times as much as one aircraft earns


def test_an_order_that_is_not_allowed_is_a_stay_and_costs():
    grounded = ScheduleJudge(replace(MINI, closure=1.0))
    assert grounded.verdict("{}", scenario_seed=1).reason == "no reference profit"
    long = JUDGE.verdict(json.dumps({"0": [1] * 500}), scenario_seed=1)
    assert long.evidence["never_reached"] > 400
    blocked = json.dumps({str(k): [3] * 60 for k in range(6)})  # no charger there, and three places for six aircraft
    verdict, free = (judge.verdict(blocked, scenario_seed=1) for judge in (JUDGE, ScheduleJudge(penalty=0.0)))
    assert verdict.evidence["infeasible"] > 0
    paid = verdict.evidence["profit"] - 5.0 * verdict.evidence["infeasible"]
    assert verdict.score == pytest.approx(max(paid, 0) / verdict.evidence["reference"] / 2)
    assert free.score >= verdict.score


def test_without_orders_nothing_is_earned():
    for text in ("{}", '{"0": []}'):
        assert JUDGE.verdict(text, scenario_seed=1).score == 0
        assert JUDGE.verdict(text, scenario_seed=1).evidence["profit"] <= 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no json"),
        ("I would fly.", "no json"),
        ("[[1, 0]]", "not a schedule"),
        ('{"0": 1}', "not a schedule"),
        ('{"0": {"1": 2}}', "not a schedule"),
        ('{"0": "10"}', "not a schedule"),
        ('{"0": null}', "not a schedule"),
        ('{"6": [1]}', "unknown aircraft"),
        ('{"-1": [1]}', "unknown aircraft"),
        ('{"00": [1]}', "unknown aircraft"),
        ('{"profit": 1e9}', "unknown aircraft"),
        ('{"0": [4]}', "unknown vertiport"),
        ('{"0": [-1]}', "unknown vertiport"),
        ('{"0": [1.0]}', "unknown vertiport"),
        ('{"0": [true]}', "unknown vertiport"),
        ('{"0": ["1"]}', "unknown vertiport"),
        ('{"0": [[1]]}', "unknown vertiport"),
        ('{"0": [1], "0": [0]}', "duplicate key"),
        ('{"0": [NaN]}', "not a finite number"),
        ('{"0": [' + "9" * 5000 + "]}", "too many digits"),
        ('{"0": ' + "[" * 5000 + "]" * 5000 + "}", "too deep"),
        ('{"0": [' + "1," * 300_000 + "1]}", "too long"),
        ("<think>" + '{"0": [1]}', "unfinished thinking"),
    ],
    ids=range(23),
)
def test_what_is_no_schedule_scores_nothing(text, reason):
    verdict = JUDGE.verdict(text, scenario_seed=1)
    assert (verdict.score, verdict.reason) == (0.0, reason)


def test_the_last_plan_counts_and_prose_does_not_matter():
    plan = json.dumps(schedule_of(flown()))
    for text in (f"```json\n{plan}\n```", f"<think>{{}}</think>Fly so: {plan}", f'{{"0": [1]}} no, better: {plan}'):
        assert JUDGE.verdict(text, scenario_seed=1).score == 0.5


@pytest.mark.parametrize("seed", [None, "1", True, 1.5, float("nan"), [1], float("inf")], ids=str)
def test_a_row_without_a_day_abstains(seed):
    for text in ("{}", "nonsense"):
        verdict = JUDGE.verdict(text, scenario_seed=seed)
        assert (verdict.score, verdict.reason) == (None, "unusable seed")
    with pytest.raises(ValueError, match="unusable seed"):
        JUDGE.preflight([{"prompt": "p", "scenario_seed": seed}])


def test_seeds_of_a_data_set_are_numbers_of_any_kind():
    text = json.dumps(schedule_of(flown()))
    assert {JUDGE.verdict(text, scenario_seed=seed).score for seed in (1, 1.0, np.int64(1), np.float32(1))} == {0.5}


def test_rows_hold_what_the_judge_reads_and_no_luck():
    rows = schedule_rows(range(3))
    assert JUDGE.preflight(rows) == 3
    assert len({row["prompt"] for row in rows}) == 3
    closed = Scenario(MINI, 0).closed
    hours = [6 + hour for hour, routes in enumerate(closed) if routes[0][1]]
    line = next(line for line in rows[0]["prompt"].splitlines() if line.startswith("  0 to 1:"))
    assert line.endswith(f"; {', '.join(map(str, hours)) or 'never'}")


def test_it_travels_and_options_are_checked():
    judge = pickle.loads(pickle.dumps(ScheduleJudge(FleetWorld.city(), penalty=1.0)))
    assert judge == ScheduleJudge(FleetWorld.city(), penalty=1.0)
    assert judge.verdict("{}", scenario_seed=0).score == 0
    for options, words in (({"penalty": -1}, "penalty"), ({"ceiling": 0.5}, "ceiling"), ({"ceiling": "2"}, "ceiling")):
        with pytest.raises(ValueError, match=words):
            ScheduleJudge(**options)
