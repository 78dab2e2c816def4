"""Data in IFEval's form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jurybox.judges.instructions import RULES, Finding, IFEvalJudge, InstructionJudge, Rule, ifeval_rules, rules_from
from jurybox.judges.instructions.ifeval import IFEVAL, INSTRUCTIONS
from tests.case_kinds.instructions import check_row
from tests.cases import read_rows

# id, kwargs, an answer that follows and one that does not
CASES = [
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"}, "I AM", "I am"),
    ("change_case:english_capital", {}, "HI", "Hi"),
    ("change_case:english_lowercase", {}, "hi", "Hi"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi"}, "Say hi\nHi.", "Hi."),
    ("combination:two_responses", {}, "A\n******\nB", "A B"),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b] [c]", "[a]"),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "A\n\nP.P.S. b", "A\n\nP.S. b"),
    ("detectable_format:constrained_response", {}, "My answer is no.", "No."),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "a: 1"),
    ("detectable_format:multiple_sections", {"section_spliter": "Day", "num_sections": 2}, "Day 1\nDay 2", "Day 1"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n* b", "* a\n* b\n* c"),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "*a* *b*", "a"),
    ("detectable_format:title", {}, "<<a>>", "# a"),
    ("keywords:existence", {"keywords": ["cat"]}, "category", "dog"),
    ("keywords:forbidden_words", {"forbidden_words": ["cat"]}, "category", "cat"),
    ("keywords:frequency", {"keyword": "cat", "frequency": 2, "relation": "less than"}, "cat", "cat category"),
    ("keywords:letter_frequency", {"letter": "a", "let_frequency": 2, "let_relation": "at least"}, "Aa", "a"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        "A\n\nSo b",
        "So b\n\nA",
    ),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "A\n***\nB", "A\n\nB"),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "less than"}, "A.", "Ab. B."),
    ("length_constraints:number_words", {"num_words": 2, "relation": "at least"}, "a b", "a"),
    ("punctuation:no_comma", {}, "a", "a,"),
    ("startend:end_checker", {"end_phrase": "Bye."}, "So bye.", "Bye. Bye"),
    ("startend:quotation", {}, '"a"', "a"),
]
GAPS = dict.fromkeys(key for _, kwargs, _, _ in CASES for key in kwargs)


class Language(Rule):
    """A model would be asked here."""

    def __init__(self, language):
        self.language = language

    def examine(self, answer):
        return Finding(self.language in answer, self.language, answer)


@pytest.mark.parametrize(("name", "kwargs", "follows", "fails"), CASES, ids=[case[0] for case in CASES])
def test_every_instruction_both_ways(name, kwargs, follows, fails):
    judge = IFEvalJudge()
    # in a table, arguments of other instructions are None and whole numbers are floats
    filled = GAPS | {key: float(value) if isinstance(value, int) else value for key, value in kwargs.items()}
    for given in ([kwargs], [filled], json.dumps([kwargs]), [json.dumps(kwargs)]):
        scores = judge(completions=[follows, fails], instruction_id_list=[[name]] * 2, kwargs=[given] * 2)
        assert scores == [1.0, 0.0], given


def test_all_25_instructions_are_known():
    assert {name for name, *_ in CASES} | {"language:response_language"} == set(IFEVAL)
    assert len(IFEVAL) == 25
    assert {equivalent.rule for equivalent in INSTRUCTIONS.values()} - {"language"} == set(RULES)


def test_the_rules_serve_the_other_judge_too():
    row = ifeval_rules([name for name, *_ in CASES], [kwargs for _, kwargs, *_ in CASES])
    assert len(rules_from(row)) == len(CASES)
    assert InstructionJudge().verdict("x, y", instructions=row[-3]).evidence["broken"] == ["no_commas"]


def test_several_instructions_and_partial_credit():
    row = {"instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {}]}
    assert IFEvalJudge().verdict('"a, b"', **row).evidence["kept"] == "1 of 2"
    assert IFEvalJudge(credit="fraction").verdict('"a, b"', **row).score == 0.5


def test_languages_take_a_rule_of_ones_own():
    row = {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": "de"}]}
    assert IFEvalJudge().verdict("de", **row).reason == "unusable rules"
    judge = IFEvalJudge(rules=[Language])
    assert [judge.verdict(text, **row).score for text in ("de", "en")] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("ids", "kwargs", "message"),
    [
        (["punctuation:no_commas"], [{}], "there is no instruction .*did you mean 'punctuation:no_comma'"),
        (["punctuation:no_comma"], [], "lists of the same length"),
        ("punctuation:no_comma", [{}], "lists of the same length"),
        (["punctuation:no_comma"], [{"keyword": "a"}], "punctuation:no_comma: it takes no arguments, not 'keyword'"),
        (["length_constraints:number_words"], [{"num": 3}], "it takes num_words, relation, not 'num'"),
        (["length_constraints:number_words"], [{}], "words: the argument 'count' is missing"),
        (["punctuation:no_comma"], [[1]], "kwargs are a mapping"),
        ([None], [{}], "there is no instruction None"),
    ],
)
def test_unusable_rows(ids, kwargs, message):
    judge = IFEvalJudge()
    assert judge.verdict("a", instruction_id_list=ids, kwargs=kwargs).reason == "unusable rules"
    with pytest.raises(ValueError, match=f"row 0: .*{message}"):
        judge.check_rows([{"instruction_id_list": ids, "kwargs": kwargs}])


def test_missing_column():
    with pytest.raises(KeyError, match="ifeval reads the column 'kwargs'"):
        IFEvalJudge().verdict("a", instruction_id_list=[])


def test_siblings_of_every_instruction():
    """Filler, hidden characters, the rule quoted, other scripts, Markdown around what is asked for."""
    rows = list(read_rows(Path(__file__).with_name("ifeval_cases.jsonl")))
    assert [wrong for row in rows if (wrong := check_row(row))] == []
    assert len(rows) == 150
