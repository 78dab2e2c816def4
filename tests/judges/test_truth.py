"""What has no truth value says so, and what has one means it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

from jurybox.judges import ExactJudge, FormatJudge, JuryboxError, MathJudge, MixtureOfJudges, Verdict, judge
from jurybox.judges.errors import Abstained
from jurybox.rewards import RewardVerdict


def test_a_verdict_is_true_when_it_passed():
    assert MathJudge().verdict("4", solution="4")
    assert not MathJudge().verdict("5", solution="4")
    assert Verdict(0.5, passed=True)
    assert not Verdict(0.5)
    assert RewardVerdict(1.2, passed=True)


def test_a_verdict_that_abstains_is_neither():
    verdict = MathJudge().verdict("5", solution=None)
    with pytest.raises(Abstained, match=r"unusable gold.*abstains: it has neither passed nor failed"):
        assert verdict
    assert verdict.abstains


@pytest.mark.parametrize("thing", [MathJudge(), MathJudge() + 0.2 * FormatJudge(), judge(len), MixtureOfJudges([])])
def test_judges_and_rewards_are_not_joined_by_and(thing):
    with pytest.raises(TypeError, match=r"join with `&`, `\|` and `~` instead of `and`, `or` and `not`"):
        thing and FormatJudge()
    with pytest.raises(TypeError, match="no truth value"):
        bool(thing)


def test_a_mixture_takes_judges_with_names():
    mixture = MixtureOfJudges([ExactJudge().named("letter"), FormatJudge()], applies={"letter": {"task": "abc"}})
    assert mixture.names == ["letter", "format"]
    verdict = mixture.verdict("<think>x</think>b", task="abc", solution="a")
    assert verdict.evidence["violated_by"] == "letter"
    with pytest.raises(TypeError, match="a mixture is made of judges"):
        MixtureOfJudges([ExactJudge() + FormatJudge()])


def test_every_error_of_ours_has_one_base():
    ours = set()
    for package in ("judges", "rewards", "cli"):
        root = importlib.import_module(f"jurybox.{package}")
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if ".code.box" in found.name or found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            ours |= {
                thing
                for _, thing in inspect.getmembers(module, inspect.isclass)
                if issubclass(thing, Exception) and thing.__module__.startswith("jurybox.")
            }
    ours = {error for error in ours if ".code.box" not in error.__module__}  # the box knows nothing of us
    assert len(ours) > 10
    assert not [error for error in ours if not issubclass(error, JuryboxError)]


def test_no_repr_prints_a_model():
    torch = pytest.importorskip("torch")
    from jurybox.judges.written import Written, shown

    class Holds(Written):
        def __init__(self, model, more=None): ...

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    assert repr(Holds(model)) == "Holds(<Sequential>)"
    assert repr(Holds([model], more={"a": model})) == "Holds([<Sequential>], more={'a': <Sequential>})"
    assert shown((model,)) == "(<Sequential>,)"
