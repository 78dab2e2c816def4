"""The mixture of judges: three-valued AND, who is asked, what the evidence says, and where it can stand."""

from __future__ import annotations

import doctest
import itertools
import json
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jurybox.judges.mixture as mixture_module
from jurybox.judges import Judge, Verdict, judge
from jurybox.judges.instructions import InstructionJudge, NoCommas, Words
from jurybox.judges.mixture import MixtureOfJudges, combine, conjunction
from jurybox.rewards import RewardVerdict, Route
from tests import judged

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "cgpo.json").read_text())["cases"]
VALUES = (0, 1, None)


class Says(Judge):
    """Scores what the completion holds for it: y, n, half, abstains, or breaks."""

    columns = ()

    def __init__(self, letter="", *, threshold=1.0):
        self.letter = letter
        self.threshold = threshold
        self.name = f"says_{letter}"

    def _judge(self, sample):
        said = sample.text[sample.text.index(self.letter) + 1] if self.letter in sample.text else "y"
        if said == "?":
            return Verdict(None, "timeout", "endpoint is dead")
        if said == "!":
            raise RuntimeError(f"cursed {self.letter}")
        return Verdict({"y": 1.0, "n": 0.0, "h": 0.5}[said], reason=f"said {said}")


class NeedsSolution(Judge):
    """Only for rows of mathematics, as it declares itself."""

    columns = ("solution",)
    applies_to = {"task": ("math", "physics")}  # noqa: RUF012

    def _judge(self, sample):
        assert sample["solution"] is not None, "asked for a row that has none"
        return Verdict(float(sample.text == sample["solution"]), reason="compared")


class Breaks(Judge):
    """Breaks as a whole, not row by row."""

    def _judge_batch(self, samples):
        if any("!" in sample.text for sample in samples):
            raise OSError("cursed batch")
        return [Verdict(1.0)] * len(samples)


class LongRows(Judge):
    """Declares by a method where it applies."""

    def applies_to(self, row):
        return row["length"] > 3

    def _judge(self, sample):
        return Verdict(0.0, reason="long")


def is_math(row):
    return row["task"] == "math"


A, B, C = Says("a"), Says("b"), Says("c")


# The pure function.


def test_golden_numbers():
    cases = [case for case in GOLDEN if case["function"] == "moj_combine"]
    assert cases
    for case in cases:
        assert combine(**case["inputs"]) == case["expected"]["y"], case["name"]


@given(st.lists(st.sampled_from(VALUES), max_size=5), st.data())
def test_three_valued_logic(values, data):
    """0 beats unknown beats 1; order, repetition and what does not apply change nothing; -1 is None."""
    y = conjunction(values)
    assert y == (0 if 0 in values else None if None in values else 1)
    assert conjunction(data.draw(st.permutations(values))) == y
    assert combine([[*values, *values]]) == [y]
    assert combine([[-1 if value is None else value for value in values]]) == [y]
    assert combine([[0, *values, None]], [False, *[True] * len(values), False]) == [y]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2]],), "judgements holds 2 in row 0; it may hold 0, 1, None and -1"),
        (([[1], [0.5]],), "judgements holds 0.5 in row 1"),
        (([[float("nan")]],), "judgements holds nan"),
        (([[0, "yes"]], [True, False]), "judgements holds 'yes'"),
        (([[1, 1], [1]],), "judgements has 1 entries in row 1, but 2 in row 0"),
        (([[1, 1]], [True]), "applies has 1 entries for the 2 judges"),
    ],
)
def test_combine_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        combine(*arguments)


def test_combine_of_nothing():
    assert combine([]) == []
    assert combine([[], []]) == [1, 1]
    assert combine([[0, None]], [False, False]) == [1]
    assert combine([[True, 1.0], [False, None]]) == [1, 0]


# The judge.


@pytest.mark.parametrize("said", list(itertools.product("yn?!", repeat=2)))
def test_every_pair_of_verdicts(said):
    verdict = MixtureOfJudges([A, B]).verdict(f"a{said[0]} b{said[1]}")
    known = {"y": 1, "n": 0, "?": None, "!": 0}
    assert verdict.score == conjunction([known[said[0]], known[said[1]]])
    assert verdict.reason == {1.0: "satisfied", 0.0: "violated", None: "unknown"}[verdict.score]
    strict = MixtureOfJudges([A, B], unknown="violated").verdict(f"a{said[0]} b{said[1]}")
    assert strict.score == (verdict.score or 0.0)


def test_evidence_names_everybody():
    mixture = MixtureOfJudges([A, B, C, Says("d"), NeedsSolution()])
    verdict = mixture.verdict("a? bn cy dn", task="chat")
    assert verdict.evidence == {
        "violated_by": "says_b",
        "violated": {"says_b": {"reason": "said n"}, "says_d": {"reason": "said n"}},
        "abstained": {"says_a": {"status": "timeout", "reason": "endpoint is dead"}},
        "satisfied": ["says_c"],
        "not_applicable": ["needs_solution"],
    }
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_an_abstention_takes_the_first_status_and_the_time_is_the_sum():
    verdict = MixtureOfJudges([A, B]).verdict("a? b?")
    assert (verdict.score, verdict.status, verdict.passed) == (None, "timeout", None)
    assert list(verdict.evidence["abstained"]) == ["says_a", "says_b"]
    assert verdict.seconds > 0.0


def test_a_crash_is_reported_and_violates(caplog):
    with caplog.at_level(logging.WARNING, "jurybox"):
        crashed, quiet = MixtureOfJudges([A, Breaks()]).verdicts(["ay!", "ay"])
    assert (crashed.score, crashed.status) == (0.0, "scored")
    assert crashed.evidence["violated"]["breaks"]["error"] == "OSError: cursed batch"
    assert quiet.score == 1.0
    assert (1.0 - MixtureOfJudges([A, Breaks()])).verdict("ay!").score == 0.0  # nor does it spare a penalty
    assert "breaks raised 'OSError: cursed batch'" in caplog.text


def test_thresholds_count():
    half = MixtureOfJudges([Says("a")]).verdict("ah")
    assert (half.score, half.reason, half.evidence["violated_by"]) == (0.0, "violated", "says_a")
    assert MixtureOfJudges([Says("a", threshold=0.5)]).verdict("ah").score == 1.0


def test_no_judge_is_satisfied():
    for mixture in (MixtureOfJudges([]), MixtureOfJudges([A], {0: {"task": "math"}})):
        verdict = mixture.verdict("an", task="chat")
        assert (verdict.score, verdict.reason) == (1.0, "no judge applies")


# Who is asked.


@pytest.mark.parametrize(
    "condition",
    [{"task": "math"}, {"task": {"math"}}, {"task": ["math", "code"]}, is_math, {"task": "math", "hard": True}],
)
@pytest.mark.parametrize("key", [1, "says_b"])
def test_conditions(key, condition):
    mixture = MixtureOfJudges([A, B], applies={key: condition})
    columns = {"task": ["math", "chat", None], "hard": [True] * 3}
    assert mixture(completions=["ay bn"] * 3, **columns) == [0.0, 1.0, 1.0]
    assert pickle.loads(pickle.dumps(mixture))(completions=["ay bn"] * 3, **columns) == [0.0, 1.0, 1.0]


def test_all_columns_of_a_condition_must_agree():
    mixture = MixtureOfJudges([A], {0: {"task": "math", "level": {1, 2}}})
    scores = mixture(completions=["an"] * 3, task=["math", "math", "chat"], level=[1, 3, 1])
    assert scores == [0.0, 1.0, 1.0]


def test_only_applicable_rows_are_asked():
    counting = judged.Counting()
    mixture = MixtureOfJudges([counting, A], {"counting": {"task": "math"}})
    scores = mixture(
        completions=["5", "an", "6", "5"], solution=["5", None, "5", "5"], task=["math", "x", "math", "math"]
    )
    assert scores == [1.0, 0.0, 0.0, 1.0]
    assert counting.asked == ["5", "6"]  # equal rows once, the other task not at all


def test_a_judge_may_declare_where_it_applies():
    mixture = MixtureOfJudges([NeedsSolution(), A])
    columns = {"task": ["math", "chat", "physics"], "solution": ["ay", None, "no"]}
    assert mixture(completions=["ay"] * 3, **columns) == [1.0, 1.0, 0.0]
    overruled = MixtureOfJudges([NeedsSolution()], {0: {"task": "chat"}})
    assert overruled(completions=["ay"], task=["math"]) == [1.0]
    assert MixtureOfJudges([LongRows()])(completions=["a", "a"], length=[3, 4]) == [1.0, 0.0]


def test_columns_may_be_missing_where_nobody_reads_them():
    mixture = MixtureOfJudges([NeedsSolution(), A])
    assert mixture(completions=["ay", "an"], task=["chat", "chat"]) == [1.0, 0.0]
    asked = []
    recording = judge(asked.append, name="recording")
    with pytest.raises(KeyError, match="needs_solution reads the column 'solution'"):
        MixtureOfJudges([recording, NeedsSolution()])(completions=["x"], task=["math"])
    assert asked == []  # before any work
    with pytest.raises(KeyError, match=r"reads the column 'task'.*it has: solution"):
        mixture(completions=["ay"], solution=["ay"])
    with pytest.raises(KeyError, match="reads the column 'solution'"):
        MixtureOfJudges([judged.right])(completions=["ay"], task=["math"])


def test_a_predicate_that_breaks():
    with pytest.raises(KeyError, match="the condition of says_a reads the column 'task'"):
        MixtureOfJudges([A], {0: is_math}).verdict("ay", solution="x")
    mixture = MixtureOfJudges([A, LongRows()])
    one, two = mixture.verdicts(["ay", "an"], length=[None, None])
    assert (one.score, one.status) == (None, "error")
    assert "TypeError" in one.evidence["abstained"]["long_rows"]["error"]
    assert two.score == 0.0


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((A,), TypeError, "a mixture takes a list of judges"),
        (([A, len],), TypeError, "made of judges, not <built-in function len>; a plain function needs @judge"),
        (([A], {1: is_math}), ValueError, r"applies names the judge 1, but there are \{0: 'says_a'\}"),
        (([A], {"b": is_math}), ValueError, "applies names the judge 'b'"),
        (([A], {0: "math"}), TypeError, r"applies\[0\]: a condition is a mapping"),
        (([A], {0: {}}), TypeError, "a condition is a mapping"),
    ],
)
def test_mistakes_raise_when_the_mixture_is_made(arguments, kind, message):
    with pytest.raises(kind, match=message):
        MixtureOfJudges(*arguments)


def test_unknown_is_checked():
    with pytest.raises(ValueError, match="unknown must be one of abstain, violated, not 'zero'"):
        MixtureOfJudges([A], unknown="zero")


def test_equal_names_are_numbered():
    mixture = MixtureOfJudges([Words(1), Words(3), Words(2)], {"words_2": {"task": "long"}})
    assert mixture.names == ["words", "words_2", "words_3"]
    verdict = mixture.verdict("a", task="short")
    assert (verdict.evidence["violated_by"], verdict.evidence["not_applicable"]) == ("words_3", ["words_2"])


# Where it can stand.


@judge
def helpful(completion):
    return 0.8


def test_as_a_gate():
    reward = helpful.gate(MixtureOfJudges([A, B]), otherwise=-1.0)
    assert reward(completions=["ay by", "an by", "a? by"]) == [0.8, -1.0, None]
    assert "says_a" in str(reward.explain("an by"))


def test_in_a_route_and_inside_another_mixture():
    inner = MixtureOfJudges([NeedsSolution(), A])
    reward = Route("kind", checked=inner, free=helpful)
    columns = {"kind": ["checked", "free"], "task": ["math", None], "solution": ["an", None]}
    assert reward(completions=["an", "an"], **columns) == [0.0, 0.8]
    outer = MixtureOfJudges([inner, B], {0: {"task": "math"}})
    assert outer(completions=["by", "by"], task=["math", "chat"], solution=["x", None]) == [0.0, 1.0]
    assert outer.verdict("by", task="math", solution="x").evidence["violated_by"] == "mixture_of_judges"


def test_as_a_trainer_calls_it():
    logged = {}
    mixture = MixtureOfJudges([A, B])
    scores = mixture(completions=["ay by", "an by", "ay b?"], log_metric=logged.__setitem__, trainer_state=None)
    assert scores == [1.0, 0.0, None]
    assert logged["mixture_of_judges/passed"] == 0.5
    assert mixture.__name__ == "mixture_of_judges"
    assert mixture.verdicts([]) == []


def test_prints_as_written_equals_and_travels():
    mixture = MixtureOfJudges([Words(3), NoCommas()], {"words": {"task": "chat"}}, unknown="violated")
    assert repr(mixture) == "MixtureOfJudges([Words(3), NoCommas()], {'words': {'task': 'chat'}}, unknown='violated')"
    assert pickle.loads(pickle.dumps(mixture)) == mixture
    assert mixture != MixtureOfJudges([Words(3), NoCommas()])


def test_on_an_executor():
    mixture = MixtureOfJudges([InstructionJudge(), A], {0: {"task": "if"}})
    columns = {"task": ["if", "chat"] * 20, "instructions": [[{"rule": "no_commas"}], None] * 20}
    completions = [text for n in range(20) for text in (f"ay, {n}", f"an {n}" if n % 2 else f"ay {n}")]
    with ThreadPoolExecutor(2) as executor:
        there = mixture.on(executor, chunk=3)(completions=completions, **columns)
    assert there == mixture(completions=completions, **columns)
    assert set(there) == {0.0, 1.0}


def test_judges_of_groups_keep_their_groups():
    mixture = MixtureOfJudges([judged.longest, A])
    completions, prompts = ["ay", "ayyy", "by", "b"], ["p", "p", "q", "q"]
    expected = mixture(completions=completions, prompts=prompts)
    assert expected == [0.0, 1.0, 1.0, 0.0]
    assert mixture.kind == "group"
    with ThreadPoolExecutor(2) as executor:
        assert mixture.on(executor, chunk=1)(completions=completions, prompts=prompts) == expected
    assert MixtureOfJudges([A]).kind == "row"


def test_close_closes_its_judges():
    closed = []

    class Closing(Says):
        def close(self):
            closed.append(self.letter)

    with MixtureOfJudges([Closing("a"), Closing("b")]):
        pass
    assert closed == ["a", "b"]


def test_examples_in_the_documentation():
    assert doctest.testmod(mixture_module).failed == 0


def test_its_parts_are_the_verdicts_of_its_judges_and_survive_json_and_a_reward_around_them():
    mixture = MixtureOfJudges([A, B, NeedsSolution()], {2: {"task": "math"}})
    verdict = mixture.verdict("ay bn", task="chat")
    assert verdict.labels == tuple(mixture.names)
    assert [None if part is None else part.passed for part in verdict.parts] == [True, False, None]
    assert verdict.parts[2] is None, "it was not asked"
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict
    reward = (mixture + 1.0).verdict("ay bn", task="chat")
    assert RewardVerdict.from_dict(json.loads(json.dumps(reward.to_dict()))) == reward
    assert "judges" not in A.verdict("ay").to_dict()
