from __future__ import annotations

import asyncio
import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from jurybox.rewards import Function
from tests.judged import reward_of_length


def test_a_trl_function_is_called_as_trl_calls_it():
    seen = {}

    def f(prompts, completions, completion_ids, letter, trainer_state, log_metric, log_extra, **columns):
        seen.update(prompts=prompts, completions=completions, ids=completion_ids, letter=letter, **columns)
        log_metric("f/best", 1.0)
        return [float(trainer_state.global_step)] * len(completions)

    metrics = {}
    scores = (2 * Function(f))(
        prompts=["p", "q"],
        completions=["x", "y"],
        completion_ids=[[1], [2]],
        letter=["e", "o"],
        other=[3, 4],
        trainer_state=SimpleNamespace(global_step=7),
        log_metric=metrics.__setitem__,
        log_extra=lambda name, values: None,
    )
    assert scores == [14.0, 14.0]
    assert seen == {
        "prompts": ["p", "q"], "completions": ["x", "y"], "ids": [[1], [2]], "letter": ["e", "o"], "other": [3, 4]
    }  # fmt: skip
    assert metrics["f/best"] == 1.0


def test_conversations_reach_it_unchanged():
    chat = [{"role": "assistant", "content": "hello"}]
    seen = []
    Function(lambda completions, **_: seen.extend(completions) or [0.0])(completions=[chat])
    assert seen == [chat]


def test_coroutines_also_inside_a_running_loop():
    async def f(completions, **_):
        await asyncio.sleep(0)
        return [1.5] * len(completions)

    class Later:
        async def __call__(self, completions, **_):
            return [2.5] * len(completions)

    async def main():
        return (Function(f) + Function(Later()))(completions=["a", "b"])

    assert asyncio.run(main()) == [4.0, 4.0]


def test_none_nan_and_infinity_abstain_with_its_name():
    function = Function(lambda completions, **_: [None, math.nan, math.inf, np.float32(2.5)])
    nothing, nan, infinite, number = function.verdicts(["a", "b", "c", "d"])
    assert (nothing.status, nothing.reason) == ("skipped", "abstained")
    for verdict in (nan, infinite):
        assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "not a finite number")
        assert verdict.evidence["judge"] == "<lambda>"
    assert number.score == 2.5


@pytest.mark.parametrize("compose", [lambda f: f + f, lambda f: f * f, lambda f: 2 * f, lambda f: f.scale(-1e308, 1)])
def test_finite_numbers_that_overflow_together_abstain(compose):
    huge, fine = compose(Function(lambda completions, **_: [1.7e308, 0.5])).verdicts(["a", "b"])
    assert (huge.score, huge.status, huge.reason, huge.passed) == (None, "error", "not a finite number", None)
    assert fine.score is not None


def test_a_number_outside_the_bounds_abstains_with_its_name(caplog):
    with caplog.at_level("WARNING", logger="jurybox"):
        inside, outside = Function(reward_of_length, 0, 2).verdicts(["ab", "abc"])
    assert inside.score == 2.0
    assert (outside.score, outside.status, outside.reason) == (None, "error", "outside its bounds")
    assert "reward_of_length returned 3.0, outside its bounds [0, 2]" in caplog.text


def test_a_function_that_raises_has_its_least_number_and_abstains_without_one():
    def f(completions, **_):
        raise LookupError("gone")

    def unreachable(completions, **_):
        raise ConnectionResetError

    verdicts = Function(f).verdicts(["a", "b"])
    assert [(v.score, v.status, v.reason) for v in verdicts] == [(None, "error", "exception")] * 2
    assert "LookupError: gone" in verdicts[0].evidence["error"]
    least = Function(f, -2, 1).verdict("a")
    assert (least.score, least.status, least.reason) == (-2.0, "scored", "exception")
    assert Function(unreachable, -2, 1).verdict("a").score is None


def test_completions_with_which_a_function_raises_cost_themselves_only():
    def f(completions, **_):
        return [10.0 / len(completion) for completion in completions]

    assert Function(f)(completions=["ab", "", "a", ""]) == [5.0, 5.0, 10.0, 5.0]
    assert Function(f, -1, 10)(completions=["ab", ""]) == [5.0, -1.0]
    assert not Function(f, 2, 10).verdict("").passed


def test_it_is_called_once_however_often_it_is_written():
    calls = []

    def f(completions, **_):
        calls.append(len(completions))
        return [1.0] * len(completions)

    reward = Function(f) + 0.5 * Function(f) * Function(f)
    assert reward(completions=["a", "b", "c"]) == [1.5] * 3
    assert calls == [3]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Function(3), TypeError, "Function wraps a TRL reward function, not int"),
        (lambda: Function(lambda completions, **_: [1.0]).verdicts(["a", "b"]), ValueError, "returned 1 rewards for 2"),
        (
            lambda: Function(lambda completions, **_: None).verdict("a"),
            TypeError,
            "returned NoneType; it returns a list",
        ),
        (
            lambda: Function(lambda completions, **_: ["x"]).verdict("a"),
            TypeError,
            "returned str; a reward",
        ),
    ],
)
def test_mistakes(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_bounds_name_and_pickle():
    function = Function(reward_of_length, 0, 100)
    assert function.bounds == (0, 100)
    assert function.name == "reward_of_length"
    assert repr(function) == "Function(reward_of_length, 0, 100)"
    assert pickle.loads(pickle.dumps(function)) == function
    assert (function / 100 & function / 100).verdict("x" * 50).score == 0.5
