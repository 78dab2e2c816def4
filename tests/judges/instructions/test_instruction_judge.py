"""Rules out of the rows of a data set."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

from jurybox.judges.instructions import Finding, InstructionJudge, NoCommas, Rule, Words, rules_from

SHORT = {"rule": "words", "args": {"count": 3, "relation": "at most"}}
COMMAS = {"rule": "no_commas", "args": {}}


class Shouts(Rule):
    """A rule of one's own."""

    def __init__(self, marks: int = 1) -> None:
        self.marks = marks

    def examine(self, answer):
        return Finding(answer.count("!") >= self.marks, f"{self.marks} marks", answer.count("!"))


def test_all_rules_must_be_kept():
    judge = InstructionJudge()
    assert [judge.verdict(text, instructions=[SHORT, COMMAS]).score for text in ("a b", "a, b", "a b c d")] == [1, 0, 0]
    verdict = judge.verdict("a, b", instructions=[SHORT, COMMAS])
    assert verdict.reason == "broken"
    assert verdict.evidence == {
        "kept": "1 of 2",
        "broken": ["no_commas"],
        "rules": [
            {"rule": "words", "kept": True, "asked": "at most 3 words", "found": 2},
            {"rule": "no_commas", "kept": False, "asked": "no commas", "found": "a, b"},
        ],
    }
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_the_fraction_that_is_kept():
    judge = InstructionJudge(credit="fraction")
    verdicts = [judge.verdict(text, instructions=[SHORT, COMMAS]) for text in ("a b", "a, b", "a, b c d")]
    assert [(v.score, v.reason, v.passed) for v in verdicts] == [
        (1.0, "kept", True),
        (0.5, "partly kept", False),
        (0.0, "broken", False),
    ]


@pytest.mark.parametrize(
    "given",
    [
        SHORT,
        [SHORT],
        (SHORT,),
        json.dumps(SHORT),
        json.dumps([SHORT]),
        {"rule": "words", "args": json.dumps(SHORT["args"])},
        {"rule": "words", "args": {"count": 3.0, "relation": "at most", "keyword": None, "phrase": None}},
    ],
)
def test_forms_of_a_row(given):
    assert [rule.examine("a b c d").asked for rule in rules_from(given)] == ["at most 3 words"]


def test_rows_of_a_data_frame_hold_arrays():
    words = {"rule": "required_words", "args": {"words": numpy.array(["cat", "dog"], dtype=object)}}
    given = numpy.array([words, {"rule": "words", "args": {"count": numpy.int64(2)}}], dtype=object)
    assert [rule.examine("cat dog").kept for rule in rules_from(given)] == [True, True]
    assert rules_from(numpy.array([])) == ()


def test_bare_names_and_rows_without_rules():
    assert rules_from(["no_commas", "quoted"])[0] == NoCommas()
    assert rules_from("no_commas") == rules_from({"rule": "no_commas", "args": None}) == (NoCommas(),)
    for nothing in (None, [], "", "[]"):
        verdict = InstructionJudge().verdict("a", instructions=nothing)
        assert (verdict.score, verdict.status, verdict.reason) == (None, "skipped", "no rules")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": "word", "args": {}}, "there is no rule 'word'; did you mean 'words'"),
        ({"rule": "No Comma"}, "did you mean 'no_commas'"),
        ({"rule": "xyz"}, "there are alphabet_loop, bullets, "),
        ({"rule": 5}, "there is no rule 5"),
        ({"name": "words"}, "a rule is written {'rule': NAME"),
        ({"rule": "words", "args": {"count": 3}, "extra": 1}, "a rule is written"),
        (7, "a rule is written"),
        ({"rule": "words", "args": [3]}, "words: args are a mapping"),
        ({"rule": "words", "args": {}}, r"words: the argument 'count' is missing \(it takes count, relation, joined\)"),
        ({"rule": "words", "args": {"count": 3, "num": 1}}, "words: it takes count, relation, joined, not 'num'"),
        ({"rule": "quoted", "args": {"a": 1}}, "quoted: it takes no arguments, not 'a'"),
        ({"rule": "words", "args": {"count": "many"}}, "words: count is a whole number, 0 or more, not 'many'"),
        ([COMMAS, {"rule": "nope_at_all"}], "rule 2 of 2: there is no rule"),
        ("[{", "rules are data or JSON text"),
        ("[" * 100_000, "rules are data or JSON text"),
    ],
)
def test_unusable_rows(given, message):
    with pytest.raises(ValueError, match=message):
        rules_from(given)
    with pytest.raises(ValueError, match=f"row 1: .*{message}"):
        InstructionJudge().check_rows([{"instructions": COMMAS}, {"instructions": given}])
    good, bad = InstructionJudge().verdicts(["a", "a"], instructions=[COMMAS, given])
    assert good.passed
    assert (bad.score, bad.status, bad.reason, bad.evidence["row"]) == (None, "skipped", "unusable rules", 1)


def test_check_rows_of_a_good_data_set():
    InstructionJudge().check_rows([{"instructions": SHORT, "other": 1}, {"instructions": None}])
    with pytest.raises(KeyError, match=r"instruction reads the column 'instructions'.*it has: other"):
        InstructionJudge().check_rows([{"other": 1}])


def test_options():
    with pytest.raises(ValueError, match="credit must be one of all, fraction, not 'half'"):
        InstructionJudge(credit="half")
    with pytest.raises(TypeError, match="rules are subclasses of Rule"):
        InstructionJudge(rules=[Words(3)])
    with pytest.raises(KeyError, match="column 'asked'"):
        InstructionJudge("asked").verdict("a", instructions=[])


def test_rules_of_ones_own():
    judge = InstructionJudge(rules=[Shouts])
    asked = {"rule": "shouts", "args": {"marks": 2}}
    assert [judge.verdict(text, instructions=asked).score for text in ("a!!", "a!")] == [1.0, 0.0]
    assert InstructionJudge().verdict("a", instructions=asked).reason == "unusable rules"


def test_thinking_and_length():
    judge = InstructionJudge()
    assert judge.verdict("<think>a, b, c, d, e</think> a b", instructions=[SHORT, COMMAS]).passed
    assert judge.verdict("<think>a", instructions=SHORT).reason == "unfinished thinking"
    assert judge.verdict("a" * 1_000_001, instructions=SHORT).reason == "too long"


def test_batches_executors_and_pickling():
    judge = InstructionJudge()
    completions = ["a b", "a, b", "a b c d", "a b"] * 20
    asked = [[SHORT, COMMAS], COMMAS, SHORT, None] * 20
    scores = judge(completions=completions, instructions=asked)
    assert scores == [1.0, 0.0, 0.0, None] * 20
    assert pickle.loads(pickle.dumps(judge))(completions=completions, instructions=asked) == scores
    with ThreadPoolExecutor(2) as executor:
        assert judge.on(executor, chunk=7)(completions=completions, instructions=asked) == scores


def test_rules_of_any_kind_share_a_column_of_a_data_set(tmp_path):
    """`datasets` gives all rows one type: every rule gets every argument, None where it has none."""
    datasets = pytest.importorskip("datasets")
    asked = [
        [{"rule": "words", "args": {"count": 3, "relation": "at most"}}, {"rule": "no_commas"}],
        [{"rule": "required_words", "args": {"words": ["red"]}}],
        [{"rule": "table", "args": {"header": ["a", "b"], "rows": 1}}, {"rule": "title_case", "args": None}],
        [{"rule": "no_commas", "args": {}}],
        [],
    ]
    answers = ["one two", "red", "a,b\n1,2", "a b", "x"]
    table = datasets.Dataset.from_list(
        [{"instructions": rules, "completion": c} for rules, c in zip(asked, answers, strict=True)]
    )
    table.save_to_disk(tmp_path / "saved")
    judge = InstructionJudge(rules=[])
    for rows in (table, datasets.load_from_disk(tmp_path / "saved"), table.to_pandas().to_dict("records")):
        judge.check_rows(rows)
        verdicts = [judge.verdict(row["completion"], instructions=row["instructions"]) for row in rows]
        assert [verdict.reason for verdict in verdicts] == ["kept", "kept", "broken", "kept", "no rules"]
    assert verdicts[2].evidence["broken"] == ["title_case"]
