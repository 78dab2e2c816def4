"""Where the tests of a row stand: one column, several, and a layout that is told."""

from __future__ import annotations

import pickle

import pytest

from jurybox.judges import Sample
from jurybox.judges.code import CodeJudge
from jurybox.judges.code.layouts import NAMES
from jurybox.judges.sample import MissingColumn

PROMPT = "def bump(n):\n"
RIGHT, WRONG = "```python\n    return n + 1\n```", "```python\n    return n + 2\n```"
CHECK = "def check(candidate):\n    assert candidate(1) == 2 and candidate(5) == 6"


@pytest.fixture(scope="module")
def human_eval():
    with CodeJudge(workers=1, tests=("test", "entry_point", "prompt")) as judge:
        yield judge


def test_columns_of_the_row_are_the_layout_and_its_prompt_belongs_to_it(human_eval):
    columns = {"test": [CHECK] * 3, "entry_point": ["bump"] * 3}
    assert human_eval.columns == ("test", "entry_point")
    prompts = [PROMPT, PROMPT, "def bump(m):\n    n = m + 1\n"]
    assert human_eval([*prompts], [RIGHT, WRONG, RIGHT], **columns) == [1.0, 0.0, 0.0]
    assert human_eval.unusable(_sample(PROMPT, test=CHECK, entry_point="bump")) == []
    assert pickle.loads(pickle.dumps(human_eval)).columns == human_eval.columns


def test_a_column_that_is_named_and_not_there_is_a_mistake_of_the_caller(human_eval):
    with pytest.raises(MissingColumn, match="'entry_point'"):
        human_eval.verdict(RIGHT, PROMPT, test=CHECK)
    with pytest.raises(ValueError, match="there is no prompt"):
        human_eval.verdict(RIGHT, test=CHECK, entry_point="bump")


@pytest.mark.parametrize(
    ("layout", "tests"),
    [
        ("mbpp", ["assert bump(1) == 2"]),
        ("kodcode", "from solution import bump\ndef test_bump():\n    assert bump(1) == 2"),
        ("kodcode", {"test": "from solution import bump\ndef test_bump():\n    assert bump(1) == 2"}),
        ("taco", '{"fn_name": "bump", "inputs": [[1]], "outputs": [2]}'),
        ("synthetic", {"test_cases": [{"type": "function_call", "fn_name": "bump", "input": [1], "output": 2}]}),
        ("exercism", {"bump_test.py": "from bump import bump\ndef test_bump():\n    assert bump(1) == 2"}),
    ],
)
def test_a_layout_that_is_told_takes_what_stands_in_its_only_column(layout, tests):
    with CodeJudge(workers=1, tests="cases", layout=layout) as judge:
        found = judge(completions=[f"```python\n{PROMPT}{RIGHT[10:-4]}\n```", "```python\nbump = None\n```"],
                      cases=[tests] * 2)  # fmt: skip
    assert found == [1.0, 0.0]


def test_a_layout_that_is_told_is_no_guess():
    with CodeJudge(workers=1, layout="apps") as judge, pytest.raises(ValueError, match="inputs, outputs"):
        judge.verdict(RIGHT, tests=["assert bump(1) == 2"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "hackerrank"}, f"unknown layout 'hackerrank'; there are {', '.join(NAMES)}"),
        ({"tests": ()}, "name of a column"),
        ({"tests": ("test", 5)}, "name of a column"),
    ],
)
def test_mistakes_are_told_when_the_judge_is_made(options, message):
    with pytest.raises(ValueError, match=message):
        CodeJudge(**options)


def _sample(prompt, **columns):
    return Sample("", prompt, {name: [value] for name, value in columns.items()}, 0)
