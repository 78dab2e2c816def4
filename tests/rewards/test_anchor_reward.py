"""The reward against an anchor: forms, Bradley-Terry, missing anchors, composition, and TRL's protocol."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest

from jurybox.judges import ExactJudge
from jurybox.judges.pairwise import PairwiseFunction, Scored, sigmoid
from jurybox.rewards import AnchorWinReward, Function, pairwise_reward

SCORES = {"poor": -0.5, "fair": 0.3, "fine": 1.9}


def known_score(completions: list[str], shift: list[float] | None = None, **_: object) -> list[float]:
    shifts = shift or [0.0] * len(completions)
    return [SCORES[text] + b for text, b in zip(completions, shifts, strict=True)]


def longer(prompt: str, first: str, second: str) -> float:
    return 0.8 if len(first) > len(second) else 0.2 if len(first) < len(second) else 0.6


def position(prompt: str, first: str, second: str) -> float:
    return 0.9


def test_under_bradley_terry_the_logit_is_the_difference_of_scores() -> None:
    reward = AnchorWinReward(Scored(Function(known_score)), form="logit")
    for answer in SCORES:
        for anchor in SCORES:
            found = reward.verdict(answer, anchor=anchor).score
            assert found == pytest.approx(SCORES[answer] - SCORES[anchor], abs=1e-12)


@pytest.mark.parametrize("form", ["probability", "logit", "centered"])
def test_what_a_prompt_adds_to_all_its_scores_changes_nothing(form: str) -> None:
    reward = AnchorWinReward(Scored(Function(known_score)), form=form)
    plain = reward.verdict("fine", anchor="fair", shift=0.0).score
    assert reward.verdict("fine", anchor="fair", shift=7.25).score == pytest.approx(plain, abs=1e-12)


def test_forms_and_their_bounds() -> None:
    p12, p21 = 0.8, 0.4
    assert pairwise_reward(p12, p21).reward == pytest.approx(0.7)
    assert pairwise_reward(p12, p21, form="centered").reward == pytest.approx(0.2)
    assert pairwise_reward(p12, p21, form="logit").reward == pytest.approx(math.log(0.7 / 0.3))
    assert pairwise_reward(p12, p21, swap_average=False).p_win == 0.8
    for form, low, high in (("probability", 0.0, 1.0), ("centered", -0.5, 0.5), ("logit", -9.2102404, 9.2102404)):
        assert AnchorWinReward(longer, form=form).bounds == pytest.approx((low, high))
        assert pairwise_reward(0.0, 1.0, form=form).reward == pytest.approx(low)
        assert pairwise_reward(1.0, 0.0, form=form).reward == pytest.approx(high)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"p12": 1.2, "swap_average": False}, "p12"),
        ({"p21": math.nan}, "p21"),
        ({"p21": None}, "p21"),
        ({"form": "margin"}, "form"),
        ({"form": "logit", "clip": 0.0}, "clip"),
        ({"form": "logit", "clip": 0.5}, "clip"),
    ],
)
def test_what_makes_no_reward_is_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        pairwise_reward(**{"p12": 0.5, "p21": 0.5, **arguments})


def test_a_copy_of_the_anchor_earns_a_half_and_so_does_anything_under_pure_position_bias() -> None:
    assert AnchorWinReward(longer).verdict("same", anchor="same").score == 0.5
    biased = AnchorWinReward(position)
    assert biased(completions=["a", "much better"], anchor=["b", "b"]) == [0.5, 0.5]
    logged: dict[str, float] = {}
    biased(completions=["a", "c"], anchor=["b", "b"], log_metric=logged.__setitem__)
    assert logged["anchor_win/orders_disagree"] == 1.0
    assert AnchorWinReward(position, swap_average=False)(completions=["a"], anchor=["b"]) == [0.9]


def test_missing_anchors_and_silent_judges_abstain() -> None:
    def silent_on_x(prompt: str, first: str, second: str) -> float | None:
        return None if "x" in (first, second) else 1.0 if first > second else 0.0

    reward = AnchorWinReward(silent_on_x)
    assert reward(completions=["b", "b", "x"], anchor=["a", None, "a"]) == [1.0, None, None]
    assert reward.verdict("b", anchor=None).reason == "no anchor"
    with pytest.raises(KeyError, match="anchor"):
        reward(completions=["b"])


def test_messages_are_compared_as_text() -> None:
    answer = [{"role": "assistant", "content": "a long answer"}]
    assert AnchorWinReward(longer).verdict(answer, anchor=[{"role": "assistant", "content": "no"}]).score == 0.8


def test_it_composes_and_logs_under_its_name() -> None:
    reward = 2 * AnchorWinReward(longer).named("beats") + 0.5 * ExactJudge()
    assert reward.verdict("four", anchor="4", solution="four").score == pytest.approx(2.1)
    logged: dict[str, float] = {}
    reward(completions=["four"], anchor=["4"], solution=["four"], log_metric=logged.__setitem__)
    assert logged["beats/p_win"] == 0.8
    assert pickle.loads(pickle.dumps(reward)).verdict("four", anchor="4", solution="4").score == pytest.approx(1.6)


def test_columns_of_the_judge_are_asked_for_before_any_work() -> None:
    reward = AnchorWinReward(Scored(ExactJudge()))
    with pytest.raises(KeyError, match="solution"):
        reward(completions=["4"], anchor=["5"])
    assert reward(completions=["4"], anchor=["5"], solution=["4"]) == [sigmoid(1.0)]


def test_it_prints_as_it_was_written() -> None:
    reward = AnchorWinReward(Scored(ExactJudge(), tau=0.5), form="logit", anchor="reference")
    assert repr(reward) == "AnchorWinReward(Scored(ExactJudge(), tau=0.5), form='logit', anchor='reference')"
    assert isinstance(AnchorWinReward(longer).judge, PairwiseFunction)


@pytest.mark.parametrize(
    ("judge", "options", "error", "said"),
    [
        (ExactJudge(), {}, TypeError, "Scored"),
        ("a name", {}, TypeError, "judge of pairs"),
        (longer, {"form": "odds"}, ValueError, "form"),
        (longer, {"clip_p": 0.5}, ValueError, "clip_p"),
        (longer, {"clip_p": 0.0}, ValueError, "clip_p"),
    ],
)
def test_what_cannot_work_is_refused(judge: object, options: dict[str, object], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        AnchorWinReward(judge, **options)
