"""Judges of two answers: symmetry, what a preference for a place is worth, abstaining, calibration."""

from __future__ import annotations

import math
import pickle
import random

import pytest

from jurybox.judges import ExactJudge, Verdict
from jurybox.judges import judge as judge_of
from jurybox.judges.llm import Reply, Scripted
from jurybox.judges.pairwise import (
    Pair,
    PairwiseFunction,
    PairwiseJudge,
    PairwiseLLM,
    Scored,
    expected_calibration_error,
    logit,
    p_win_of_logits,
    p_win_of_orders,
    sigmoid,
)


def noisy(prompt: str, first: str, second: str) -> float:
    """A probability with no rhyme or reason, and not the same in both orders."""
    return random.Random(f"{prompt}/{first}/{second}").random()


def first_always(prompt: str, first: str, second: str) -> float:
    return 0.9


# ---- numbers ----------------------------------------------------------------------------------------------


def test_exchanging_the_answers_gives_the_complement_to_the_last_bit() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        p12, p21 = rng.random() ** 3, rng.random() ** 3
        p_win = p_win_of_orders(p12, p21)
        assert p_win_of_orders(p21, p12) == 1 - p_win
        assert p_win == pytest.approx((p12 + 1 - p21) / 2, abs=1e-15)
        assert logit(1 - p_win) == pytest.approx(-logit(p_win), abs=1e-12)
        s12, s21 = rng.gauss(0, 20), rng.gauss(0, 20)
        assert p_win_of_logits(s21, s12).p_win == 1 - p_win_of_logits(s12, s21).p_win


def test_the_worked_example() -> None:
    p12, p21 = sigmoid(1.2), sigmoid(-0.4)
    assert p12 == pytest.approx(0.7685247834990175)
    assert p21 == pytest.approx(0.401312339887548)
    assert p_win_of_orders(p12, p21) == pytest.approx(0.6836062218057347)
    assert logit(0.6836062218057347) == pytest.approx(0.7703944813966614)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p21 is a probability"):
        p_win_of_orders(0.5, p)


def test_calibration() -> None:
    assert expected_calibration_error([0.0, 1.0, 1.0, 0.0], [0, 1, 1, 0]).ece == 0.0
    knows_nothing = expected_calibration_error([0.5] * 4, [0, 1, 0, 1], 10)
    assert (knows_nothing.ece, knows_nothing.brier) == (0.0, 0.25)
    assert knows_nothing.bin_counts == (0, 0, 0, 0, 0, 4, 0, 0, 0, 0)
    wrong_and_sure = expected_calibration_error([1.0, 0.0], [0, 1])
    assert (wrong_and_sure.ece, wrong_and_sure.brier) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("probabilities", "outcomes", "num_bins", "named"),
    [
        ([], [], 5, "probabilities and outcomes"),
        ([0.5], [1, 0], 5, "probabilities and outcomes"),
        ([1.5], [1], 5, "probabilities"),
        ([0.5], [2], 5, "outcomes"),
        ([0.5], [math.nan], 5, "outcomes"),
        ([0.5], [1], 0, "num_bins"),
        ([0.5], [1], 2.5, "num_bins"),
    ],
)
def test_what_cannot_be_calibrated_is_named(
    probabilities: list[float], outcomes: list[float], num_bins: int, named: str
) -> None:
    with pytest.raises(ValueError, match=f"{named} must be"):
        expected_calibration_error(probabilities, outcomes, num_bins)


@pytest.mark.parametrize("margin", [math.nan, math.inf])
def test_margins_are_finite(margin: float) -> None:
    with pytest.raises(ValueError, match="s21 is the margin of two logits"):
        p_win_of_logits(0.0, margin)


# ---- judges -----------------------------------------------------------------------------------------------


def test_swap_symmetry_of_a_judge_that_has_none() -> None:
    judge = PairwiseFunction(noisy)
    for a, b in (("x", "y"), ("long answer", ""), ("1", "2")):
        forward, back = judge.compare("p", a, b), judge.compare("p", b, a)
        assert forward is not None
        assert back == 1 - forward


def test_a_preference_for_a_place_decides_nothing_and_shows() -> None:
    judge = PairwiseFunction(first_always)
    (verdict,) = judge.verdicts([Pair("p", "a", "b")])
    assert verdict.score == 0.5
    assert verdict.reason == "orders disagree"
    assert verdict.evidence == {"p12": 0.9, "p21": 0.9}
    (alone,) = judge.verdicts([Pair("p", "a", "b")], swap_average=False)
    assert (alone.score, alone.reason) == (0.9, "better")


def test_a_copy_of_the_other_answer_is_even() -> None:
    (verdict,) = PairwiseFunction(noisy).verdicts([Pair("p", "same", "same")])
    assert verdict.score == 0.5
    assert verdict.passed


@pytest.mark.parametrize(
    ("returned", "reason"), [(None, "abstained"), (1.5, "not a probability"), (math.nan, "not a probability")]
)
def test_what_a_function_may_not_say(returned: float | None, reason: str) -> None:
    (verdict,) = PairwiseFunction(lambda prompt, a, b: returned).verdicts([Pair("p", "a", "b")])
    assert (verdict.score, verdict.reason) == (None, reason)


def test_a_broken_judge_abstains(caplog: pytest.LogCaptureFixture) -> None:
    def broken(prompt: str, a: str, b: str) -> float:
        raise RuntimeError("out of order")

    verdicts = PairwiseFunction(broken).verdicts([Pair("p", "a", "b")] * 2)
    assert [verdict.reason for verdict in verdicts] == ["exception"] * 2
    assert "out of order" in caplog.text


def shorter(prompt: str, a: str, b: str) -> float:
    """Divides by nothing where an answer is empty, or two are equally long."""
    return 1.0 / len(a) > 1.0 / len(b) or 0.0 / (len(a) - len(b)) > 0.0 if a != b else 0.5 / len(a) * len(b)


@pytest.mark.parametrize(
    ("a", "b", "p_win"), [("", "b", 0.0), ("a", "", 1.0), ("", "", None), ("a", "bb", 1.0), ("a", "b", 0.5)]
)
def test_an_answer_that_breaks_the_judge_has_lost(a: str, b: str, p_win: float | None) -> None:
    whole = [Pair("p", "long", "x"), Pair("p", a, b), Pair("p", "x", "long")]
    verdicts = PairwiseFunction(shorter).verdicts(whole)
    assert [verdict.score for verdict in verdicts] == [0.0, p_win, 1.0]
    trusted = PairwiseFunction(shorter).verdicts([Pair("p", a, b, trusted="second")])[0]
    assert trusted.score == {"a": None if b == "" else 0.0 if b == "b" else 1.0, "": None if b == "" else 0.0}[a]
    assert ("spoilt_by" in verdicts[1].evidence) is (p_win not in (None,) and b != "bb")


def test_a_grader_that_is_down_is_nobodys_fault() -> None:
    def down(prompt: str, a: str, b: str) -> float:
        raise ConnectionRefusedError

    assert PairwiseFunction(down).compare("p", "a", "b") is None


def test_one_order_that_abstains_is_enough_to_abstain() -> None:
    judge = PairwiseFunction(lambda prompt, a, b: None if a == "second" else 1.0)
    assert judge.compare("p", "first", "second") is None


def test_a_judge_that_forgets_a_pair_is_told() -> None:
    class Forgetful(PairwiseJudge):
        def _first_wins(self, pairs: object) -> list[Verdict]:
            return [Verdict(1.0)]

    with pytest.raises(ValueError, match="returned 1 verdicts for 2 pairs"):
        Forgetful().compare("p", "a", "b")


# ---- from scores ------------------------------------------------------------------------------------------


def test_scores_are_compared_under_tau_and_columns_are_handed_on() -> None:
    judge = Scored(ExactJudge(), tau=0.25)
    assert judge.compare("p", "4", "5", solution="4") == pytest.approx(sigmoid(4.0))
    assert judge.compare("p", "5", "4", solution="4") == 1 - sigmoid(4.0)
    assert judge.compare("p", "5", "6", solution="4") == 0.5
    with pytest.raises(KeyError, match="solution"):
        judge.require(["prompt"])


def test_what_cannot_be_scored_is_not_compared() -> None:
    class Silent:
        name = "silent"

        def verdicts(self, completions: list[str], prompts: object = None, **columns: object) -> list[Verdict]:
            return [Verdict(None, "timeout", "too slow") if c == "?" else Verdict(1.0) for c in completions]

        def require(self, given: object) -> None:
            pass

        def close(self) -> None:
            pass

    (verdict,) = Scored(Silent()).verdicts([Pair("p", "a", "?")])
    assert (verdict.score, verdict.status, verdict.reason) == (None, "timeout", "too slow")


def test_what_belongs_to_one_answer_is_not_used_for_the_other() -> None:
    judge = Scored(judge_of(lambda text, completion_ids: len(completion_ids) < 3))
    with pytest.raises(KeyError, match="completion_ids"):
        judge.require(["completion_ids"])


@pytest.mark.parametrize("tau", [0.0, -1.0, math.nan])
def test_tau_is_positive(tau: float) -> None:
    with pytest.raises(ValueError, match="tau"):
        Scored(ExactJudge(), tau=tau)


def test_only_what_scores_can_be_wrapped() -> None:
    with pytest.raises(TypeError, match="judge or a reward"):
        Scored(noisy)  # type: ignore[arg-type]


def test_judges_pickle_and_print_as_written() -> None:
    judge = Scored(ExactJudge(), tau=0.5)
    assert repr(judge) == "Scored(ExactJudge(), tau=0.5)"
    assert pickle.loads(pickle.dumps(judge)) == judge


# ---- from a language model --------------------------------------------------------------------------------


def prefers_the_word_good(messages: object) -> str:
    text = str(messages)
    first, second = text.index("Response 1"), text.index("Response 2")
    return "1" if "good" in text[first:second] else "2" if "good" in text[second:] else "tie"


def test_a_language_model_is_asked_in_both_orders() -> None:
    model = Scripted(prefers_the_word_good)
    judge = PairwiseLLM(model)
    assert judge.compare("Be good.", "very good", "bad") == 1.0
    assert judge.compare("Be good.", "bad", "very good") == 0.0
    assert judge.compare("Be good.", "bad", "worse") == 0.5
    assert judge.costs["requests"] == len(model.calls) == 6


def test_a_model_that_always_says_first_gives_a_half() -> None:
    (verdict,) = PairwiseLLM(Scripted("1")).verdicts([Pair("p", "a", "b")])
    assert (verdict.score, verdict.reason) == (0.5, "orders disagree")


def test_an_unreadable_reply_abstains() -> None:
    (verdict,) = PairwiseLLM(Scripted("They are both fine.")).verdicts([Pair("p", "a", "b")])
    assert (verdict.score, verdict.reason) == (None, "no label")


def test_an_empty_answer_is_still_compared_and_thinking_is_not_shown() -> None:
    model = Scripted(prefers_the_word_good)
    assert PairwiseLLM(model).compare("p", "good", "<think>good</think>") == 1.0
    assert PairwiseLLM(model).compare("p", "good", "<think>good without an end") == 1.0
    assert "(this response is empty)" in str(model.calls[-1])


def test_probabilities_of_labels_are_used_where_they_are_known() -> None:
    class Decides:
        batch_size = 8

        def decide(self, conversations: list[object], labels: object) -> list[Reply]:
            return [Reply("1", probabilities={"1": 0.6, "2": 0.2, "tie": 0.2}) for _ in conversations]

    (verdict,) = PairwiseLLM(Decides()).verdicts([Pair("p", "a", "b")], swap_average=False)
    assert verdict.score == pytest.approx(0.7)


def test_a_template_needs_a_place_for_the_second() -> None:
    with pytest.raises(ValueError, match="other"):
        PairwiseLLM(Scripted("1"), "Is {{completion}} good?")
