from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jurybox.judges import FormatJudge, LengthJudge, MathJudge
from jurybox.judges.preflight import PreflightError
from jurybox.judges.sample import MissingColumn
from jurybox.trainers import DRRPOConfig, DRRPOTrainer, ObjectiveTrainer
from jurybox.trainers.seam.ahead import look_ahead


def test_a_data_set_that_cannot_be_judged_ends_the_training_before_it_begins():
    with pytest.raises(PreflightError, match="math: unusable gold: rows 0, 1"):
        look_ahead([MathJudge()], [{"solution": None}, {"solution": ""}])
    with pytest.raises(MissingColumn):
        look_ahead([len, 1.0 * MathJudge()], [{"answer": "1"}])


def test_single_rows_are_warned_about_and_columns_may_come_later():
    with pytest.warns(UserWarning, match="math: unusable gold: row 1"):
        look_ahead([MathJudge()], [{"solution": "1"}, {"solution": None}])
    look_ahead([MathJudge()], [{"answer": "1"}], every_column=False)
    look_ahead([MathJudge()], None)


def test_a_missing_column_is_told_when_the_trainer_is_built(build: Callable[..., Any]):
    with pytest.raises(MissingColumn, match="math reads the column 'solution'"):
        build(ObjectiveTrainer, reward_funcs=MathJudge())
    with pytest.raises(MissingColumn, match="the objective reads the column 'domain'"):
        build(DRRPOTrainer, config_class=DRRPOConfig, domain_column="domain")
    build(ObjectiveTrainer, reward_funcs=MathJudge(), trainer_options={"rollout_func": print})  # may bring it


def test_two_rewards_of_one_name_are_told_apart(build: Callable[..., Any]):
    short, long = 0.5 * LengthJudge(2) + FormatJudge(), 0.5 * LengthJudge(9) + FormatJudge()
    with pytest.raises(ValueError, match="2 reward functions are called 'sum'"):
        build(ObjectiveTrainer, reward_funcs=[short, long])
    trainer = build(ObjectiveTrainer, reward_funcs=[short, long.named("long")])
    assert trainer.reward_func_names == ["sum", "long"]
