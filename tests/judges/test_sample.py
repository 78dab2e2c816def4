from __future__ import annotations

import pickle

import numpy as np
import pytest

from jurybox.judges import LengthJudge
from jurybox.judges.sample import MissingColumn, Sample, missing_column, protocol_columns, samples_of


def test_a_sample_is_a_row():
    (_, sample) = samples_of(["a", [{"role": "assistant", "content": "b"}]], ["p", "q"], {"solution": [1, 2]})
    assert (sample.text, sample.prompt, sample.prompt_text, sample.row) == ("b", "q", "q", 1)
    assert sample["solution"] == 2
    assert sample.get("solution") == 2
    assert sample.get("nothing", "default") == "default"
    assert sample.columns == {"solution": 2}
    assert sample.completion == [{"role": "assistant", "content": "b"}]


def test_a_sample_travels_with_its_own_row_only():
    samples = samples_of(["a", "b"], ["p", "q"], {"solution": ["x" * 100_000, "y"]})
    payload = pickle.dumps(samples[1])
    assert len(payload) < 1000
    again = pickle.loads(payload)
    assert (again.text, again.prompt, again["solution"], again.row) == ("b", "q", "y", 1)


def test_wrong_types_name_the_row():
    with pytest.raises(TypeError, match="row 2: a completion is a string or a list of messages, not int"):
        _ = samples_of(["a", "b", 3], None, {})[2].text
    with pytest.raises(TypeError, match="row 2: a completion is a string or a list of messages, not int"):
        LengthJudge(3, unit="words").verdicts(["a", "b", 3])
    with pytest.raises(TypeError, match="for a single completion call `verdict`"):
        samples_of("abc", None, {})


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="column 'solution' has 1 values for 2 completions"):
        samples_of(["a", "b"], None, {"solution": ["x"]})
    with pytest.raises(ValueError, match="there are 2 completions but 1 prompts"):
        samples_of(["a", "b"], ["p"], {})


@pytest.mark.parametrize("column", ["text", 5, None, {"a": 1}])
def test_a_column_is_a_list(column):
    with pytest.raises(TypeError, match="column 'solution' must be a list with one value per completion"):
        samples_of(["a"], None, {"solution": column})


def test_equal_keys_mean_equal_values_of_equal_types():
    values = [1, 1.0, True, "1", None, [1], (1,), {"a": 1}, {"a": True}, 1]
    samples = samples_of(["x"] * len(values), None, {"gold": values})
    keys = [sample.key(["gold"]) for sample in samples]
    assert keys[0] == keys[-1]
    assert len(set(keys)) == len(values) - 1


@pytest.mark.parametrize("column", [np.arange(6), np.arange(6.0), np.array([object() for _ in range(6)])])
def test_rows_of_an_array_column_are_told_apart(column):
    samples = samples_of(["x"] * 6, None, {"gold": column})
    assert len({sample.key(["gold"]) for sample in samples}) == 6


def test_rows_of_a_tensor_column_are_told_apart():
    torch = pytest.importorskip("torch")
    samples = samples_of(["x"] * 6, None, {"gold": torch.arange(6)})
    assert len({sample.key(["gold"]) for sample in samples}) == 6


def test_the_same_object_is_the_same_value():
    image = object()
    first, second, other = samples_of(["x"] * 3, None, {"image": [image, image, object()]})
    assert first.key(["image"]) == second.key(["image"]) != other.key(["image"])


def test_a_trainer_may_pass_what_is_no_column():
    given = {"solution": ["a"], "processing_class": object(), "mode": "train", "settings": {"a": 1}}
    assert protocol_columns(given, [[1]]) == {"solution": ["a"], "completion_ids": [[1]]}
    assert protocol_columns(given, None) == {"solution": ["a"]}


def test_a_missing_column_says_what_there_is():
    error = missing_column("math", "solution", ["prompt", "answer"])
    assert isinstance(error, KeyError)
    assert isinstance(error, ValueError)
    assert isinstance(error, MissingColumn)
    assert str(error) == "math reads the column 'solution', which the batch does not have (it has: answer, prompt)"
    assert "(it has: none)" in str(missing_column("math", "solution", []))


def test_a_sample_can_be_made_by_hand():
    assert Sample("text", None, {"a": [7]}, 0)["a"] == 7
