from __future__ import annotations

import copy
import pickle

from jurybox.judges.written import Written
from tests.judged import Counting


class Ball(Written):
    def __init__(self, size, *, colour="red"):
        self.size = size


def test_prints_as_written():
    assert repr(Ball(1)) == "Ball(1)"
    assert repr(Ball(size=1, colour="blue")) == "Ball(size=1, colour='blue')"
    assert repr(Counting("a", strict=True)) == "Counting('a', strict=True)"


def test_equal_when_written_alike():
    assert Ball(1) == Ball(1)
    assert hash(Ball(1)) == hash(Ball(1))
    assert Ball(1) != Ball(2)
    assert Ball(1) != Ball(1, colour="red")  # the price of not knowing defaults
    assert Ball(1) != 1


def test_copies_and_pickles_stay_equal():
    judge = Counting("a", strict=True)
    judge.asked.append("x")
    for again in (copy.copy(judge), copy.deepcopy(judge), pickle.loads(pickle.dumps(judge))):
        assert again == judge
        assert again is not judge
        assert repr(again) == repr(judge)
        assert again.asked == ["x"]
