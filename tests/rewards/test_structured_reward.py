"""The weighted sum of RL-Struct: its order, its weights, and that five functions are the same."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jurybox.judges.structured import read
from jurybox.rewards import structured_reward

KEYS = ["reasoning", "answer"]
REFERENCE = {"reasoning": "mix and bake", "answer": "bread 200 kcal"}
GOOD = json.dumps(REFERENCE)
EXAMPLES = {GOOD: 4.0, f"Sure! {GOOD}": 1.0, GOOD[:-1]: 1.0, '{"reasoning": "mix"}': 3.125, "": 0.0}
pieces = st.sampled_from(['"reasoning":', '"answer":', "{", "}", '"x"', ",", "```", "\n", "1", " ", "json", "[", "é"])
text_without_object = st.lists(pieces, max_size=14).map("".join).filter(lambda text: read(text).value is None)
objects = st.fixed_dictionaries(
    {"reasoning": st.text("ab \n", max_size=8), "answer": st.integers() | st.none() | st.lists(st.booleans())}
)


def total(text: str, n: int = 20, **options: Any) -> float:
    return structured_reward(KEYS, **options).verdict(text, reference=REFERENCE, completion_ids=[0] * n).score or 0.0


def test_the_worked_example() -> None:
    assert {text: total(text) for text in EXAMPLES} == EXAMPLES
    assert total("", n=0) == -0.25


@settings(max_examples=150, deadline=None)
@given(objects, text_without_object, st.sampled_from(["{}", "```\n{}\n```", "so ```json\n{}\n``` there"]))
def test_an_object_with_all_keys_beats_any_text_of_its_length_that_does_not_parse(
    value: dict[str, Any], text: str, around: str
) -> None:
    answer = around.replace("{}", json.dumps(value))
    assume(read(answer).value is not None)
    assert total(answer) > total(text) + 1.0


def test_a_weight_of_zero_removes_its_own_term_alone() -> None:
    texts = [*EXAMPLES, '{"answer": 1} '] * 2
    columns = {"reference": [REFERENCE] * len(texts), "completion_ids": [[0] * n for n in range(150, 270, 10)]}
    full = structured_reward(KEYS).verdicts(texts, **columns)
    for place, (weight, part) in enumerate(structured_reward(KEYS).terms):
        ablated = structured_reward(KEYS, weights={part.name: 0.0}).verdicts(texts, **columns)
        for with_it, without in zip(full, ablated, strict=True):
            assert without.score == pytest.approx(with_it.score - weight * with_it.parts[place].score)
            assert [p.score for p in without.parts] == [p.score for p in with_it.parts]  # still judged, for the log


def test_five_functions_say_what_the_parts_say() -> None:
    reward = structured_reward(KEYS)
    texts = list(EXAMPLES)
    columns = {"reference": [REFERENCE] * len(texts), "completion_ids": [[0] * 300] * len(texts)}
    logged: dict[str, float] = {}
    named = {part.__name__: part(completions=texts, log_metric=logged.__setitem__, **columns) for part in reward.parts}
    weights = [weight for weight, _ in reward.terms]
    sums = [sum(w * s for w, s in zip(weights, row, strict=True)) for row in zip(*named.values(), strict=True)]
    assert list(named) == ["valid", "struct", "format", "correct", "length"]
    assert sums == pytest.approx(reward(completions=texts, **columns), abs=1e-12)
    assert logged["struct/passed"] == 3 / 5  # structural accuracy
    assert logged["length/score"] == -0.5


@pytest.mark.parametrize(
    "options",
    [
        {"weights": {"valid": math.nan}},
        {"weights": {"valid": math.inf}},
        {"weights": {"struct": -1.0}},
        {"weights": {"w_valid": 1.0}},
        {"form": "xml"},
        {"length_min": 9, "length_max": 8},
        {"length_max": 0, "length_min": 0},
        {"keys_column": "keys"},
    ],
)
def test_options_that_make_no_reward(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        structured_reward(KEYS, **options)


def test_it_needs_keys_and_prints_and_pickles() -> None:
    with pytest.raises(ValueError, match="keys"):
        structured_reward()
    reward = structured_reward(KEYS, weights={"struct": 1.5})
    assert repr(reward).startswith("2 * JSONObjectJudge().named('valid') + 1.5 * KeyCoverageJudge(['reasoning', ")
    assert pickle.loads(pickle.dumps(reward)) == reward


def test_a_row_without_a_usable_reference_is_judged_by_its_structure() -> None:
    verdict = structured_reward(KEYS).verdict(GOOD, reference=None, completion_ids=[0] * 20)
    assert verdict.score == pytest.approx(3.5 * 4.25 / 3.75)  # the others carry the weight of R_correct
    assert verdict.reason == "4 of 5 parts voted"
