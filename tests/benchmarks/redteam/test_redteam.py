"""The hunt finds what is planted, and finds nothing in a minute among the judges that ship."""

from __future__ import annotations

import json
import random
import time

import pytest

from jurybox.benchmarks.redteam import __main__ as command
from jurybox.benchmarks.redteam.hunt import corpus, hunt, smallest
from jurybox.benchmarks.redteam.mutation import LONGEST, mutated
from jurybox.benchmarks.redteam.rules import broken
from jurybox.benchmarks.redteam.targets import Target, kinds_of, targets
from jurybox.judges import ExactJudge, FunctionJudge, JSONJudge, Judge, MathJudge, PairwiseJudge, Verdict
from jurybox.rewards import Reward


class Planted(Judge):
    """Breaks one rule where a completion holds a brace."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.asked = 0

    def _judge(self, sample) -> Verdict:
        if "{" not in sample.text:
            return Verdict(0.0)
        if self.how == "abstains":
            return Verdict(None, "timeout", "took too long")
        if self.how == "burns":
            start = time.process_time()
            while time.process_time() - start < 1.1:
                pass
        if self.how == "changes its mind":
            self.asked += 1
            return Verdict(float(self.asked % 2))
        return Verdict(0.0, evidence={"set": {1}} if self.how == "is no JSON" else {})


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("abstains", "the completion made it abstain"),
        ("burns", "took long"),
        ("changes its mind", "another verdict in a batch"),
    ],
)
def test_what_is_planted_is_found_and_made_small(how, what):
    batch = 1 if how == "burns" else 50
    tally = hunt(Target(how, Planted(how), {}, batch=batch), ["{", "{}", "\\boxed{1}"], seconds=0.0, seed=0)
    assert tally.broken
    violation = tally.violations[0]
    assert violation.what.startswith(what)
    assert len(violation.completion) < 400
    assert "{" in violation.completion


def test_a_verdict_out_of_range_or_of_credit_unearned_is_broken():
    assert "a score" in (broken(ExactJudge(), "x", _number(2.0)) or "")
    assert broken(ExactJudge(), "x", Verdict(1.0)) is None
    judge = JSONJudge({"type": "object", "required": ["a", "b"]}, credit="partial")
    assert "credit" in (broken(judge, '{"a": 1}', Verdict(0.9)) or "")
    assert broken(judge, '{"a": 1}', Verdict(0.5)) is None
    assert broken(judge, '{"a": 1, "b": 2}', Verdict(0.9)) is None
    assert "no verdict" in (broken(judge, "", None) or "")


def _number(score: float) -> Verdict:
    verdict = Verdict(1.0)
    object.__setattr__(verdict, "score", score)
    return verdict


def test_a_seed_hunts_in_one_order():
    texts = corpus(seed=3)
    strings = [text for text in texts if isinstance(text, str)]
    one, two = ([mutated(text, strings, random.Random(5)) for text in strings[:200]] for _ in range(2))
    assert one == two
    assert max(map(len, one)) <= LONGEST


def test_smallest_keeps_what_breaks():
    assert smallest("aaaa{bbbb", lambda text: "{" in text) == "{"
    assert smallest(None, lambda text: True) is None


def test_every_judge_and_every_node_that_ships_is_hunted():
    """A new one needs a line in `redteam/cases.py`."""
    found = targets()
    hunted = set().union(*(target.kinds() for target in found))
    for base in (Judge, PairwiseJudge, Reward):
        assert set(kinds_of(base)) <= hunted
    assert FunctionJudge in hunted
    assert any(isinstance(target.judge, MathJudge) for target in targets("math"))


def test_the_command(tmp_path, capsys):
    attacks = tmp_path / "attacks.jsonl"
    attacks.write_text(json.dumps({"completion": "\u200bA or B"}) + "\n\n" + json.dumps({"prediction": "x"}) + "\n")
    found = tmp_path / "found.json"
    arguments = ["--minutes", "0", "--judge", "LengthJudge(maximum=20)", "--corpus", str(attacks), "--json", str(found)]
    assert command.main(arguments) == 0
    assert json.loads(found.read_text())[0]["verdicts"] == 200
    assert "LengthJudge" in capsys.readouterr().out
    assert command.main(["--judge", "nothing of this name"]) == 2


@pytest.mark.slow
def test_a_minute_finds_nothing(capsys):
    assert command.main(["--minutes", "1", "--seed", "7"]) == 0, capsys.readouterr().out
