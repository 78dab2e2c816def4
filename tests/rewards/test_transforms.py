from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from jurybox.rewards import Cosine, Linear
from tests.rewards.strategies import a, b


def say(reward, step=0, **said):
    return reward.verdict("text", said=said, trainer_state=SimpleNamespace(global_step=step))


def ramp(step):
    return step / 10


def test_clip_and_scale():
    assert say((a - b).clip(-0.5, 0.5), a=0, b=1).score == -0.5
    assert say((a - b).clip(-0.5, 0.5), a=0.25, b=0).score == 0.25
    assert (a - b).clip(-0.5, 3).bounds == (-0.5, 1.0)
    assert say(a.scale(-1, 1), a=0.75).score == 0.5
    assert say(a.scale(4), a=0.75).score == 3.0
    assert a.scale(1, -1).bounds == (-1.0, 1.0)
    assert say(a.scale(0, 2), a=1).passed is True  # what passed is the judge's word, not the number's


def test_a_schedule_follows_the_finished_steps():
    reward = a + b.schedule(Linear(0.0, 0.5, steps=100))
    assert [say(reward, step, a=1, b=1).score for step in (0, 50, 100, 1000)] == [1.0, 1.25, 1.5, 1.5]
    assert reward.verdict("x", said={"a": 1, "b": 1}).score == 1.0  # outside training: step 0
    assert repr(reward) == "a + b.schedule(Linear(start=0.0, end=0.5, steps=100))"
    assert repr(a.schedule(ramp)) == "a.schedule(ramp)"


def test_a_scheduled_weight_is_what_an_abstaining_part_takes_away():
    reward = a + b.schedule(ramp)
    assert say(reward, 5, a=1, b=None).score == pytest.approx(1.5)
    assert say(reward, 5, a=None, b=1).score == pytest.approx(1.5)
    assert say(reward, 0, a=None, b=1).score is None  # nothing that carries weight has voted


@pytest.mark.parametrize("kind", [Linear, Cosine])
def test_schedules_go_from_start_to_end_and_stay(kind):
    weight = kind(1.0, 3.0, steps=10)
    path = [weight(step) for step in range(15)]
    assert (path[0], path[5], path[10], path[14]) == (1.0, pytest.approx(2.0), 3.0, 3.0)
    assert path == sorted(path)
    assert kind(1.0, 3.0, steps=0)(0) == 3.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: a.clip(1, 0), "needs low <= high, not 1 and 0"),
        (lambda: a.clip(math.nan, 1), "low is a finite number, not nan"),
        (lambda: a.scale(0, math.inf), "high is a finite number, not inf"),
        (lambda: a.schedule(lambda step: math.nan), r"weight\(0\) is a finite number, not nan"),
    ],
)
def test_mistakes_raise_when_written(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_is_a_function():
    with pytest.raises(TypeError, match="for a constant write w \\* part"):
        a.schedule(0.5)


def test_a_schedule_that_breaks_later_names_its_step():
    with pytest.raises(ValueError, match=r"weight\(3\) is a finite number, not inf"):
        say(a.schedule(lambda step: math.inf if step == 3 else 1.0), 3, a=1)
