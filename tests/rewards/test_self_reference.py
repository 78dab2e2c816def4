"""SRPO's reward: who is compared with whom, what a failure may earn, and what is left out."""

from __future__ import annotations

import math
import pickle
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.judges import judge
from jurybox.judges.errors import Miscounted
from jurybox.rewards import SelfReference
from jurybox.rewards.self_reference.centres import success_centres
from jurybox.rewards.self_reference.shaping import self_reference_reward


@judge
def said(completion: str, right: bool | None) -> bool | None:
    """What the row says: True, False, or None to abstain."""
    return right


@judge
def breaks_on_9(completion: str, right: bool) -> bool:
    """The same, but some completions break it."""
    if completion == "9":
        raise ValueError(completion)
    return right


def numbers(texts: Sequence[str]) -> Any:
    """A text as a point on a line; "x" has no place there, and "nan" one that is none."""
    return [None if text == "x" else [float(text)] for text in texts]


def scores(texts: Sequence[str], right: Sequence[Any], reward: Any = None, **columns: Any) -> list[float | None]:
    reward = SelfReference(numbers, said) if reward is None else reward
    return reward(completions=list(texts), prompts=["p"] * len(texts), right=list(right), **columns)


def test_a_failure_earns_more_the_nearer_it_is_and_never_as_much_as_a_success() -> None:
    near = [1.0, *(0.6 / (1 + math.exp(-10 * (0.5 - n))) for n in (0.0, 1 / 3, 1.0))]
    assert scores(["0", "1", "2", "4"], [True, False, False, False]) == pytest.approx(near)
    by_z = SelfReference(numbers, said, normalizer="zscore", cap=0.5)
    assert scores(["0", "1", "3"], [True, False, False], by_z) == pytest.approx(
        [1.0, 0.5 / (1 + math.exp(-1)), 0.5 / (1 + math.exp(1))]
    )


def test_batches_without_a_comparison() -> None:
    assert scores(["1", "2"], [False, False]) == [0.0, 0.0]
    assert scores(["1", "1", "3"], [True, True, True]) == [1.0, 1.0, 1.0]
    assert scores([], []) == []
    assert scores(["1", "5"], [True, False]) == pytest.approx([1.0, 0.3])  # one failure, half the cap
    assert scores(["1", "5", "5"], [True, False, False]) == pytest.approx([1.0, 0.3, 0.3])


def test_what_abstains_is_neither_paid_nor_a_reference() -> None:
    assert scores(["0", "1", "2"], [None, False, False]) == [None, 0.0, 0.0]
    assert scores(["0", "1", "2"], [None, False, True]) == pytest.approx([None, 0.3, 1.0])


@pytest.mark.parametrize("text", ["x", "nan", "inf", "1e200", "no number"])
def test_without_an_encoding_a_failure_earns_nothing_and_a_success_stays_one(text: str) -> None:
    assert scores(["0", text, "1"], [True, False, False]) == pytest.approx([1.0, 0.0, 0.3])
    assert scores(["0", text, "1"], [True, True, False]) == pytest.approx([1.0, 1.0, 0.3])
    assert scores([text, text, "1"], [True, True, False])[2] in (0.0, None)  # nothing left to be compared with


def test_a_completion_that_breaks_the_judge_earns_nothing() -> None:
    assert scores(["0", "9", "1"], [True, True, False], SelfReference(numbers, breaks_on_9)) == pytest.approx(
        [1.0, 0.0, 0.3]
    )


def test_an_encoder_that_cannot_be_reached_makes_failures_abstain() -> None:
    def down(texts: Sequence[str]) -> Any:
        raise ConnectionError("no route")

    verdicts = SelfReference(down, said).verdicts(["0", "1"], ["p"] * 2, right=[True, False])
    assert [(v.score, v.status) for v in verdicts] == [(1.0, "scored"), (None, "error")]


def test_successes_are_shared_by_prompt_or_by_a_column() -> None:
    texts, right, prompts = ["0", "1", "2"], [True, False, False], ["p", "q", "q"]
    by_prompt = SelfReference(numbers, said)
    assert by_prompt(completions=texts, prompts=prompts, right=right) == [1.0, 0.0, 0.0]
    by_task = SelfReference(numbers, said, scope="task")
    shared = by_task(completions=texts, prompts=prompts, right=right, task=["a"] * 3)
    assert shared == pytest.approx([1.0, 0.6 / (1 + math.exp(-5)), 0.6 / (1 + math.exp(5))])
    assert by_task(completions=texts, prompts=prompts, right=right, task=["a", "b", "b"]) == [1.0, 0.0, 0.0]
    with pytest.raises(KeyError, match="task"):
        by_task(completions=texts, prompts=prompts, right=right)


def test_a_model_may_answer_with_a_tensor() -> None:
    torch = pytest.importorskip("torch")

    def model(texts: Sequence[str]) -> Any:
        return torch.tensor(numbers(texts), dtype=torch.bfloat16, requires_grad=True)

    assert scores(["0", "1", "2"], [True, False, False], SelfReference(model, said)) == scores(
        ["0", "1", "2"], [True, False, False]
    )


def test_only_what_is_compared_is_encoded() -> None:
    seen: list[str] = []

    def noting(texts: Sequence[str]) -> Any:
        seen.extend(texts)
        return numbers(texts)

    SelfReference(noting, said)(
        completions=["0", "1", "2", "3"], prompts=["p", "p", "q", "r"], right=[True, False, False, True]
    )
    assert seen == ["0", "1"]


def test_mistakes_are_told() -> None:
    for wrong in ({"cap": 1.0}, {"cap": 0.0}, {"eps": 0.0}, {"eps": "x"}, {"min_samples": 0}, {"normalizer": "max"}):
        with pytest.raises(ValueError, match=r"."):
            SelfReference(numbers, said, **wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="encoder"):
        SelfReference("hidden", said)  # type: ignore[arg-type]
    with pytest.raises(Miscounted):
        scores(["0", "1"], [True, False], SelfReference(lambda texts: [[0.0]], said))
    with pytest.raises(ValueError, match="one size"):
        self_reference_reward([[0.0], [0.0, 1.0]], [True, False], [0, 0])
    with pytest.raises(ValueError, match="2 embeddings"):
        self_reference_reward([[0.0], [1.0]], [True], [0, 0])


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("centres", "shaping"):
        monkeypatch.delitem(sys.modules, f"jurybox.rewards.self_reference.{module}")
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(ImportError, match=r"jurybox\[srpo\]"):
        SelfReference(numbers, said)


def test_it_composes_prints_and_pickles() -> None:
    reward = SelfReference(None, said, scope="task", cap=0.5)
    assert repr(reward) == "SelfReference(NGrams(buckets=512, n=3), said, scope='task', cap=0.5)"
    assert repr(pickle.loads(pickle.dumps(reward))) == repr(reward)
    columns = {"right": [True, False, False], "task": [0, 0, 0]}
    texts = ["the sum is 12", "the sum is 13", "no idea whatsoever"]
    alone = reward(completions=texts, **columns)
    assert alone[0] == 1.0
    assert alone[1] > alone[2] > 0
    assert (2 * reward - said)(completions=texts, **columns) == pytest.approx(
        [2 * x - r for x, r in zip(alone, (1, 0, 0), strict=True)]
    )  # type: ignore[operator]
    explained = reward.explain(texts[1], "p", right=False, task=0)
    assert "no success to compare with" in str(explained)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["minmax", "zscore"]))
def test_the_order_of_rows_and_the_place_of_the_origin_do_not_matter(seed: int, normalizer: Any) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    vectors, success, tasks = rng.normal(size=(n, 3)), rng.random(n) < 0.4, rng.integers(0, 2, n)
    rules: dict[str, Any] = {"normalizer": normalizer, "zero_is_invalid": False}
    plain = self_reference_reward(list(vectors), success.tolist(), tasks.tolist(), **rules)
    order = rng.permutation(n)
    moved = self_reference_reward(list(vectors[order] + 5.0), success[order].tolist(), tasks[order].tolist(), **rules)
    assert moved.rewards == pytest.approx([plain.rewards[place] for place in order], abs=1e-9)
    cap = 0.6 if normalizer == "minmax" else 0.8
    for task in (0, 1):
        rows = [place for place in range(n) if tasks[place] == task and not success[place]]
        told = sorted((plain.distance_to_success[p], -plain.rewards[p]) for p in rows if plain.distance_to_success[p])  # type: ignore[operator]
        assert [reward for _, reward in told] == sorted(reward for _, reward in told)
        assert all(0 < -reward < cap for _, reward in told)


@pytest.mark.parametrize("modes", [1, 2, 3])
def test_auto_finds_the_modes_where_a_fixed_radius_finds_none(modes: int) -> None:
    rng = np.random.default_rng(modes)
    places = rng.normal(size=(modes, 64)) * 10
    vectors = np.concatenate([place + rng.normal(size=(8, 64)) for place in places])
    found = success_centres(vectors, eps="auto")
    assert len(found.centres) == modes
    assert (found.labels >= 0).all()
    assert (success_centres(vectors, eps=0.5).labels == -1).all()


def test_copies_of_one_answer_do_not_narrow_the_radius() -> None:
    vectors = [[0.0]] * 5 + [[1.0], [2.0], [50.0], [51.0]]
    assert len(success_centres(vectors, eps="auto").centres) == 2
    assert success_centres([[3.0, 1.0]] * 4, eps="auto").centres.tolist() == [[3.0, 1.0]]
