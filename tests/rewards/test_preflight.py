from __future__ import annotations

import pytest

from jurybox.judges import (
    ExactJudge,
    InstructionJudge,
    JSONJudge,
    LengthJudge,
    LLMJudge,
    MathJudge,
    MixtureOfJudges,
    judge,
)
from jurybox.judges.llm import Scripted
from jurybox.judges.preflight import PreflightError
from jurybox.judges.sample import MissingColumn
from jurybox.rewards import Cascade, RewardModel, Route


def rows(**columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_a_good_data_set_is_looked_at_in_full():
    reward = MathJudge() + 0.2 * LengthJudge(30, unit="tokens")
    assert reward.preflight(rows(prompt=["p", "q"], solution=["1", "2"])) == 2
    assert MathJudge().preflight(rows(solution=["1", None]), rows=1) == 1
    assert judge(lambda text, gold: True).preflight(rows(gold=[None])) == 1  # a function does not tell


def test_what_cannot_be_judged_is_told_with_rows_and_reasons():
    reward = MathJudge() + InstructionJudge()
    data = rows(solution=["1", None, "2", float("nan")], instructions=[[{"rule": "no_commas"}]] * 3 + [[{"rule": "x"}]])
    with pytest.raises(PreflightError) as raised:
        reward.preflight(data)
    assert raised.value.rows == 4
    assert list(raised.value.findings.values()) == [[1, 3], [3]]
    assert "math: unusable gold: rows 1, 3 (2 of 4)" in str(raised.value)
    assert "instruction: unusable rules" in str(raised.value)


def test_missing_columns_are_named():
    with pytest.raises(MissingColumn, match=r"math reads the column 'solution'.*it has: .*answer"):
        (1.0 * MathJudge()).preflight(rows(answer=["1"]))


def test_only_who_is_asked_is_looked_at():
    data = rows(task=["math", "chat"], solution=["1", None])
    Route("task", math=MathJudge(), chat=LengthJudge(3, unit="words")).preflight(data)
    MixtureOfJudges([MathJudge()], applies={"math": {"task": "math"}}).preflight(data)
    Cascade(MathJudge(), LengthJudge(3, unit="words")).preflight(data)
    with pytest.raises(PreflightError, match="route: no route for 'chat': row 1"):
        Route("task", math=MathJudge()).preflight(data)
    with pytest.raises(PreflightError, match="math: unusable gold"):
        Cascade(MathJudge(), ExactJudge()).preflight(data)
    with pytest.raises(PreflightError, match="math: unusable gold"):
        MixtureOfJudges([MathJudge()]).preflight(data)


def test_models_are_not_asked():
    asked = Scripted("yes")
    llm = LLMJudge(asked, "Is {{completion}} like {{gold}}? {{labels}}")
    with pytest.raises(PreflightError, match=r"llm: missing value \(missing='gold'\): row 1"):
        llm.preflight(rows(gold=["a", ""]))
    assert not llm.costs["requests"]
    with pytest.raises(PreflightError, match="reward_model: no baseline: row 0"):
        RewardModel(lambda texts: [0.0] * len(texts)).calibrated().preflight(rows(baseline=[None]))


def test_schemas_are_read():
    JSONJudge(schema_column="schema").preflight(rows(schema=[{"type": "object"}]))
    with pytest.raises(PreflightError, match=r"json: unusable schema .*: row 0"):
        JSONJudge(schema_column="schema").preflight(rows(schema=["{"]))


def test_a_judge_in_two_places_names_a_row_once() -> None:
    math = MathJudge()
    with pytest.raises(PreflightError, match=r"unusable gold: row 1 \(1 of 2\)$"):
        (math + 0.5 * math.scale(0, 2)).gate(math, otherwise=0.0).preflight(rows(solution=["1", None]))
