"""Who is asked, who decides, and who abstains."""

from __future__ import annotations

import pytest

from jurybox.judges import Judge, Verdict
from jurybox.judges.sample import MissingColumn
from jurybox.rewards import Cascade, Route
from tests.rewards.strategies import a, b, c, d


class Asked(Judge):
    """Abstains on "?" and remembers what it was asked."""

    def __init__(self, tag: str = "", need: tuple[str, ...] = ()) -> None:
        self.rows: list[str] = []
        self.columns = need

    def _judge(self, sample):
        self.rows.append(sample.text)
        return Verdict(None, "skipped", "no idea") if "?" in sample.text else Verdict(1.0)


def say(reward, **said):
    return reward.verdict("text", said=said)


def test_a_gate_looks_at_passed_and_one_closed_gate_decides():
    reward = a.gate(d, b, otherwise=-1.0)
    assert say(reward, a=0.3, d=0.5, b=1).score == 0.3
    assert say(reward, a=0.3, d=0.5, b=1).reason == "open"
    assert say(reward, a=0.3, d=0.4, b=None).score == -1.0
    assert say(reward, a=0.3, d=0.4, b=None).reason == "closed by d"
    assert say(reward, a=0.3, d=None, b=1).score is None
    assert say(reward, a=0.3, d=None, b=1).reason == "d abstains"
    assert say(reward, a=None, d=1, b=1).score is None
    assert say(reward, a=None, d=0, b=1).score == -1.0
    assert reward.bounds == (-1.0, 1.0)


def test_parts_behind_a_closed_gate_are_judged_too():
    inner, closed = Asked(), ~Asked("gate")
    inner.gate(closed)(completions=["x", "y"])
    assert inner.rows == ["x", "y"]


def test_a_gate_needs_judges_and_a_number():
    with pytest.raises(ValueError, match="a gate needs at least one judge"):
        a.gate()
    with pytest.raises(ValueError, match="otherwise is a finite number, not None"):
        a.gate(b, otherwise=None)


def test_a_route_asks_each_part_for_its_own_rows_only():
    math, code = Asked("math", ("solution",)), Asked("code", ("tests",))
    reward = Route("task", math=math, code=code)
    scores = reward(
        completions=["m1", "c1", "m2", "x", "c?"],
        task=["math", "code", "math", "poem", "code"],
        solution=[1, None, 2, None, None],
        tests=[None, 1, None, None, 2],
    )
    assert scores == [1.0, 1.0, 1.0, None, None]
    assert (math.rows, code.rows) == (["m1", "m2"], ["c1", "c?"])
    lost = reward.verdict("x", task="poem", solution=None, tests=None)
    assert (lost.status, lost.reason) == ("skipped", "no route")
    assert reward.verdict("x", task="math", solution=1, tests=1).reason == "route math"


def test_a_route_needs_its_columns_before_any_work():
    asked = Asked("math", ("solution",))
    with pytest.raises(MissingColumn, match=r"Route reads the column 'task'.*it has: solution"):
        Route("task", math=asked)(completions=["x"], solution=[1])
    with pytest.raises(MissingColumn, match="asked reads the column 'solution'"):
        Route("task", math=asked)(completions=["x"], task=["math"])
    assert asked.rows == []


def test_routes_for_values_that_are_no_names():
    reward = Route("task", {"c++": a, 3: b, None: c, "label": d})
    assert repr(reward) == "Route('task', {'c++': a, 3: b, None: c, 'label': d})"
    said = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}
    scores = [reward.verdict("x", task=task, said=said).score for task in ("c++", 3, None, "label", "3")]
    assert scores == [0.1, 0.2, 0.3, 0.4, None]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Route("task"), ValueError, "a Route needs at least one route"),
        (lambda: Route({"math": a}), TypeError, "Route takes the name of a column first"),
        (lambda: Route("task", math=3), TypeError, "a reward is made of judges"),
        (lambda: Route("task", label=a), TypeError, "go in as a mapping"),
        (lambda: Cascade(a), ValueError, "a Cascade needs at least two parts.*it got 1"),
        (lambda: Cascade(a, "b"), TypeError, "a reward is made of judges"),
    ],
)
def test_mistakes_raise_when_written(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_cascade_asks_the_next_only_for_what_is_open():
    first, second, third = Asked("1"), Asked("2"), Asked("3")
    reward = Cascade(first & (first | first), second, third)
    assert reward(completions=["a", "?", "b", "?"]) == [1.0, None, 1.0, None]
    assert (first.rows, second.rows, third.rows) == (["a", "?", "b"], ["?"], ["?"])
    assert reward.verdict("?").reason == "all abstain"
    assert reward.verdict("a").parts[1:] == (None, None)


def test_a_cascade_takes_the_word_of_the_first_that_has_one():
    assert say(Cascade(a, b, c), a=None, b=0.0, c=1.0).score == 0.0
    assert say(Cascade(a, b, c), a=None, b=0.0, c=1.0).reason == "decided by b"
    assert Cascade(a, b.scale(-2, 2)).bounds == (-2.0, 2.0)


@pytest.mark.parametrize("kind", [lambda x, y: Route("task", one=x, two=y), Cascade])
def test_names_and_evidence_columns_survive(kind):
    reward = kind(a, b).named("n").show_evidence()
    assert (reward.name, reward.shown) == ("n", True)
    assert reward.show_evidence(False).name == "n"


def test_a_part_that_is_written_twice_is_asked_once():
    asked = Asked()
    reward = (asked & ~asked) | Asked().named("again") + 0.0 * asked.as_reward() + 0.5 - 0.5
    reward(completions=["x", "y", "x"])
    assert asked.rows == ["x", "y"]


def test_a_part_in_a_route_and_beside_it_is_asked_once_for_each_row():
    asked = Asked()
    (Route("task", one=asked) + asked)(completions=["x", "y", "z"], task=["one", "two", "one"])
    assert asked.rows == ["x", "z", "y"]
