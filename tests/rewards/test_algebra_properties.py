"""What holds for every expression, every score and every abstention."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.judges import Verdict
from jurybox.rewards import Reward, RewardVerdict
from tests.rewards.strategies import (
    JUDGES,
    NAMES,
    PARTS,
    a,
    b,
    c,
    conditions,
    expressions,
    rows,
    scheduled,
    scores,
    tasks,
    weights,
)


def say(reward: Reward, row: dict[str, float | None], task: str = "one", step: int = 0) -> Verdict:
    return reward.verdict("text", said=row, task=task, trainer_state=SimpleNamespace(global_step=step))


def number(reward: Reward, row: dict[str, float | None], task: str = "one") -> float | None:
    return say(reward, row, task).score


def close(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


terms = st.lists(st.tuples(weights, st.sampled_from(JUDGES)), min_size=1, max_size=5, unique_by=lambda t: t[1].name)


@given(terms, rows, st.integers(-4, 4))
def test_a_sum_rescales_what_votes_to_the_weights_of_its_sign(terms, row, constant):
    reward = sum((weight * part for weight, part in terms), start=constant + 0.0 * terms[0][1])
    exact = {part: Fraction(weight) for weight, part in terms}
    voted = [part for part in exact if row[part.name] is not None]
    if not voted or (any(exact.values()) and not any(exact[part] for part in voted)):
        assert number(reward, row) is None
        return
    if min(exact.values()) < 0 <= min(exact[part] for part in voted):  # a penalty does not vanish
        assert say(reward, row).reason == "every penalty abstains"
        return
    expected = Fraction(constant)
    for sign in (1, -1):
        total = sum(weight for weight in exact.values() if weight * sign > 0)
        share = sum(exact[part] for part in voted if exact[part] * sign > 0)
        for part in voted:
            if exact[part] * sign > 0:
                expected += exact[part] * total / share * Fraction(row[part.name])
    assert close(number(reward, row), float(expected))


@given(st.permutations(list(zip([2.0, -1.0, 0.5, 3.0, -0.25], JUDGES, strict=True))), rows, st.integers(0, 4))
def test_neither_order_nor_brackets_matter_in_a_sum(terms, row, split):
    weighted = [weight * part for weight, part in terms]
    left = sum(weighted)
    bracketed = sum(weighted[:split], start=0) + sum(weighted[split:], start=0)
    reference = 2.0 * JUDGES[0] - JUDGES[1] + 0.5 * JUDGES[2] + 3.0 * JUDGES[3] - 0.25 * JUDGES[4]
    assert close(number(left, row), number(reference, row))
    assert close(number(bracketed, row), number(reference, row))
    assert say(left, row).passed == say(reference, row).passed


@given(st.permutations(JUDGES[:4]), rows, st.sampled_from(["__and__", "__or__", "__mul__"]))
def test_neither_order_nor_brackets_matter_in_and_or_product(parts, row, operator):
    w, x, y, z = (part.as_reward() for part in parts)
    join = lambda left, right: getattr(left, operator)(right)  # noqa: E731
    flat = join(join(join(w, x), y), z)
    nested = join(join(w, x), join(y, z))
    assert flat == nested
    reference = join(join(join(a.as_reward(), b), c), JUDGES[3])
    assert close(number(flat, row), number(reference, row))


@given(conditions, conditions, rows)
def test_de_morgan(x, y, row):
    assert number(~(x & y), row) == number(~x | ~y, row)
    assert number(~(x | y), row) == number(~x & ~y, row)
    assert number(~~x, row) == number(x, row)


@given(conditions, conditions, rows)
def test_and_or_absorb_and_repeat(x, y, row):
    assert number(x & x, row) == number(x | x, row) == number(x, row)
    if number(y, row) is not None:
        assert number(x & (x | y), row) == number(x, row)


@given(conditions, conditions, rows)
def test_and_abstains_unless_some_part_is_zero(x, y, row):
    left, right = number(x, row), number(y, row)
    expected = (
        None if None in (left, right) and 0.0 not in (left, right) else min(s for s in (left, right) if s is not None)
    )
    assert number(x & y, row) == expected


@given(expressions, conditions, weights, rows, tasks)
def test_a_gate_twice_is_a_gate_once(reward, gate, otherwise, row, task):
    once = reward.gate(gate, otherwise=otherwise)
    twice = once.gate(gate, otherwise=otherwise)
    both = reward.gate(gate, gate, otherwise=otherwise)
    assert number(once, row, task) == number(twice, row, task) == number(both, row, task)


@given(expressions, conditions, weights, rows, tasks)
def test_a_gate_is_the_reward_or_its_number_or_abstains(reward, gate, otherwise, row, task):
    passed = say(gate, row, task).passed
    expected = {True: number(reward, row, task), False: otherwise, None: None}[passed]
    assert number(reward.gate(gate, otherwise=otherwise), row, task) == expected


@given(expressions, rows, tasks)
def test_bounds_hold_every_number(reward, row, task):
    low, high = reward.bounds
    score = number(reward, row, task)
    slack = 1e-9 * max(1.0, *(abs(end) for end in (low, high) if math.isfinite(end)), 1.0)
    assert score is None or low - slack <= score <= high + slack


@given(expressions, rows, tasks)
def test_an_expression_reads_back_from_its_print(reward, row, task):
    again = eval(repr(reward), NAMES)
    again = again if isinstance(again, Reward) else again.as_reward()
    assert again == reward
    assert hash(again) == hash(reward)
    assert repr(again) == repr(reward)
    assert number(again, row, task) == number(reward, row, task)


@given(expressions | scheduled, rows, tasks, st.integers(0, 12))
def test_an_expression_survives_pickling(reward, row, task, step):
    again = pickle.loads(pickle.dumps(reward))
    assert again == reward
    assert say(again, row, task, step).score == say(reward, row, task, step).score


@given(expressions | scheduled, rows, tasks)
def test_explain_and_json_never_fail(reward, row, task):
    explanation = reward.explain("text", said=row, task=task)
    verdict = explanation.verdict
    assert len(explanation.splitlines()) >= 2
    assert repr(explanation) == str(explanation)
    plain = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    again = RewardVerdict.from_dict(plain) if "parts" in plain else Verdict.from_dict(plain)
    assert again.to_dict() == plain
    assert (again.score, again.passed, again.status) == (verdict.score, verdict.passed, verdict.status)
    assert pickle.loads(pickle.dumps(explanation)).verdict == verdict


@given(expressions, st.lists(st.tuples(rows, tasks), min_size=1, max_size=6))
def test_a_batch_is_its_rows(reward, batch):
    said, task = zip(*batch, strict=True)
    together = reward(completions=["text"] * len(batch), said=list(said), task=list(task))
    assert together == [number(reward, row, value) for row, value in batch]


@given(expressions | scheduled, st.lists(st.tuples(rows, tasks), max_size=4), st.integers(0, 12))
@settings(max_examples=50)
def test_no_metric_is_nan_and_no_name_is_used_twice(reward, batch, step):
    metrics: list[tuple[str, float]] = []
    columns: list[tuple[str, list[str]]] = []
    reward.show_evidence()(
        completions=["text"] * len(batch),
        said=[row for row, _ in batch],
        task=[task for _, task in batch],
        trainer_state=SimpleNamespace(global_step=step),
        log_metric=lambda name, value: metrics.append((name, value)),
        log_extra=lambda name, values: columns.append((name, values)),
    )
    assert all(math.isfinite(value) for _, value in metrics)
    assert len({name for name, _ in metrics}) == len(metrics)
    names = [name for name, _ in columns]
    assert len(set(names)) == len(names)
    assert reward.name not in names
    assert all(
        len(values) == len(batch) and all(isinstance(v, str) and "\n" not in v for v in values) for _, values in columns
    )


@given(st.lists(scores, min_size=5, max_size=5))
def test_everything_abstains_when_all_do(values):
    nothing = dict.fromkeys(PARTS)
    for reward in (a + b, 3 - a * b, a & b, a | b, ~a, a.clip(0, 1), a.scale(-1, 1), a.gate(b), 0.5 * a):
        assert say(reward, nothing).score is None
        assert say(reward, nothing).status == "skipped"
    row = dict(zip(PARTS, values, strict=True))
    assert number(a.as_reward(), row) == row["a"]


@pytest.mark.parametrize("weight", [1e308, 0.1, -3])
def test_dividing_undoes_a_weight(weight):
    assert number(a * weight / weight, {"a": 0.5}) == pytest.approx(0.5)
