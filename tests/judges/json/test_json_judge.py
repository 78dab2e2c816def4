from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest

from jurybox.judges.json import JSONJudge

SCHEMA = {
    "type": "object",
    "required": ["answer"],
    "properties": {"answer": {"type": "integer"}, "note": {"type": "string"}},
}
# Either branch may hold at every level, so a validator that tries both doubles its work with each level.
FORKED = {
    "anyOf": [
        {"type": "object", "properties": {"c": {"$ref": "#"}}, "required": ["c", "x"]},
        {"type": "object", "properties": {"c": {"$ref": "#"}}, "required": ["c", "y"]},
    ]
}


def test_verdict_and_evidence():
    verdict = JSONJudge(SCHEMA).verdict('Sure:\n```json\n{"answer": "42", "note": 1}\n```')
    assert (verdict.score, verdict.reason) == (0.0, "schema violated")
    assert verdict.evidence["level"] == "extract"
    assert verdict.evidence["where"] == "fence"
    assert [error["path"] for error in verdict.evidence["errors"]] == ["/answer", "/note"]
    assert verdict.evidence["errors"][0]["schema_path"] == "/properties/answer/type"
    assert verdict.evidence["error"].startswith("/answer: ")
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_syntax_errors_carry_their_place():
    verdict = JSONJudge().verdict('{"a": 1,\n"b"}')
    assert verdict.reason == "syntax error"
    assert verdict.evidence.items() >= {"line": 2, "column": 4, "offset": 12}.items()


def test_a_repair_costs_the_discount_once():
    judge = JSONJudge(SCHEMA, level="repair", discount=0.25)
    assert judge.verdict('{"answer": 42}').score == 1.0
    verdict = judge.verdict("{'answer': 42,}")
    assert verdict.score == 0.75
    assert verdict.evidence["repairs"] == ["single quotes at 1", "trailing comma at 14"]
    assert not verdict.passed


def test_a_schema_for_each_row():
    judge = JSONJudge(schema_column="shape")
    verdicts = judge.verdicts(["1", "1", "1", "1"], shape=['{"type": "integer"}', {"type": "string"}, "{", None])
    assert [verdict.score for verdict in verdicts] == [1.0, 0.0, None, None]
    assert verdicts[2].reason == "unusable schema"


@pytest.mark.parametrize(
    ("answer", "expected", "options", "score"),
    [
        ('{"answer": 42.0}', {"answer": 42}, {}, 1.0),
        ('{"answer": 42}', '{"answer": 42}', {}, 1.0),
        ('{"answer": 41}', '{"answer": 42}', {}, 0.0),
        ('{"answer": 41, "note": "x"}', '{"answer": 42, "note": "x"}', {"credit": "partial"}, 0.5),
        ('{"answer": "42"}', '{"answer": "42"}', {}, 0.0),
        ('{"answer": 42}', "forty-two", {}, None),
    ],
)
def test_expected_values(answer, expected, options, score):
    assert JSONJudge(SCHEMA, expected="gold", **options).verdict(answer, gold=expected).score == score


def test_the_place_of_a_difference_is_named():
    verdict = JSONJudge(expected="gold").verdict('{"a": [1, 2]}', gold={"a": [1, 3]})
    assert verdict.reason == "not equal"
    assert verdict.evidence["differs_at"] == "/a/1"


def test_strict_ignores_reasoning_kept_in_a_field_of_its_own():
    message = [{"role": "assistant", "content": '{"answer": 1}', "reasoning_content": "hm {"}]
    assert JSONJudge(SCHEMA, level="strict").verdict(message).passed
    assert not JSONJudge(SCHEMA, level="strict").verdict('<think>\nhm\n</think>\n{"answer": 1}').passed


def test_doubtful_escapes_are_flagged():
    evidence = JSONJudge().verdict('{"tex": "\\frac{1}{2}"}').evidence
    assert "\\fr" in evidence["suspect"]
    assert "suspect" not in JSONJudge().verdict('{"tex": "\\\\frac{1}{2}"}').evidence


def test_formats_are_checked_on_demand():
    schema = {"type": "string", "format": "ipv4"}
    for engine in ("jsonschema", "jsonschema-rs"):
        assert JSONJudge(schema, engine=engine).verdict('"x"').passed
        assert not JSONJudge(schema, engine=engine, formats=True).verdict('"x"').passed


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["jsonschema", "jsonschema-rs"])
def test_hostile_instances_are_stopped_and_do_not_hold_up_the_rest(engine):
    judge = JSONJudge(FORKED, engine=engine, timeout=1.0)
    bomb = '{"c":' * 40 + "1" + "}" * 40
    verdicts = judge.verdicts([bomb, '{"c": 1}', bomb + " "])
    assert [verdict.score for verdict in verdicts] == [0.0, 0.0, 0.0]
    assert verdicts[1].reason == "schema violated"
    assert verdicts[0].reason in ("timeout", "schema violated")
    assert sum(verdict.seconds for verdict in verdicts) < 8.0


@pytest.mark.slow
def test_a_pattern_that_backtracks_is_stopped():
    judge = JSONJudge({"pattern": "^(a+)+$"}, engine="jsonschema", timeout=0.5)
    assert judge.verdict(f'"{"a" * 40}!"').reason == "timeout"
    assert judge.verdict('"aaa"').passed


def test_many_equal_items_are_compared_in_linear_time():
    items = json.dumps([{"a": i} for i in range(3_000)])
    judge = JSONJudge({"uniqueItems": True}, engine="jsonschema")
    assert judge._validator(judge.text).compiled.is_valid(json.loads(items))


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "{" * 100_000, "[" * 100_000, '"' * 100_000, "9" * 100_000])
@pytest.mark.parametrize("level", ["strict", "extract", "repair"])
def test_hostile_text_gets_a_verdict(text, level):
    verdict = JSONJudge(SCHEMA, level=level).verdict(text)
    assert verdict.score == 0.0
    assert verdict.status == "scored"
    json.dumps(verdict.to_dict()).encode()


def test_no_content_is_no_json():
    assert JSONJudge().verdict([{"role": "assistant", "content": None}]).reason == "no json"


def test_judges_are_pickled_and_print_as_written():
    judge = JSONJudge(SCHEMA, credit="partial")
    again = pickle.loads(pickle.dumps(judge))
    assert again == judge
    assert again.verdict('{"answer": 1}').passed
    assert repr(JSONJudge(level="repair")) == "JSONJudge(level='repair')"


@pytest.mark.parametrize(
    "options",
    [
        {"level": "loose"},
        {"credit": "some"},
        {"engine": "fast"},
        {"discount": 2.0},
        {"timeout": 0.0},
        {"weights": {"answer": 1.0}},
        {"weights": {"/answer": -1.0}},
        {"schema": {"type": "nonsense"}},
        {"schema": {}, "schema_column": "shape"},
    ],
)
def test_bad_options_raise(options):
    with pytest.raises(ValueError, match=r"\w"):
        JSONJudge(**options)


def test_import_is_light():
    code = (
        "import sys, jurybox.judges.json as j; print([m for m in ('jsonschema', 'torch', 'sympy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
