from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from jurybox.judges import JSONJudge
from jurybox.judges.json.ecma import to_python
from jurybox.judges.json.standard import Standard
from jurybox.judges.json.validator import ENGINES, compiled, schema_text
from tests.case_kinds.json_schema import check_row
from tests.cases import read_rows

BOTH = [engine for engine in ENGINES if engine != "auto"]
PERSON = {
    "type": "object",
    "required": ["name", "tags"],
    "properties": {
        "name": {"type": "string", "pattern": r"^\w+$"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
    },
    "additionalProperties": False,
    "$defs": {"tag": {"enum": ["a", "b"]}},
}


def check(schema, instance, engine, **options):
    return compiled(schema_text(schema), engine).check(instance, len(json.dumps(instance)), **options)


@pytest.mark.parametrize("engine", BOTH)
def test_official_suite(engine):
    """With `jsonschema` alone too every case agrees: its five failures were patterns that `ecma` translates."""
    data = os.environ.get("JURYBOX_DATA")
    if not data:
        pytest.skip("JURYBOX_DATA names no folder with json_schema_cases.jsonl")
    for row in read_rows(Path(data) / "json_schema_cases.jsonl"):
        assert check_row(row) is None


def test_both_engines_name_the_same_violations_in_document_order():
    instance = {"tags": ["a", "c", "a"], "extra": 1, "name": "x y"}
    found = {engine: [(v.path, v.schema_path, v.keyword) for v in check(PERSON, instance, engine)] for engine in BOTH}
    assert found["jsonschema"] == found["jsonschema-rs"]
    assert found["jsonschema"] == [
        ((), ("additionalProperties",), "additionalProperties"),
        (("tags",), ("properties", "tags", "uniqueItems"), "uniqueItems"),
        (("tags", 1), ("properties", "tags", "items", "enum"), "enum"),
        (("name",), ("properties", "name", "pattern"), "pattern"),
    ]


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    ("schema", "instance", "valid"),
    [
        ({"multipleOf": 0.01}, 19.99, True),
        ({"multipleOf": 0.01}, 19.995, False),
        ({"multipleOf": 3}, 10**40, False),
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}], True),
        ({"uniqueItems": True}, [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}], False),
        ({"pattern": "^a$"}, "a\n", False),
        ({"pattern": r"^\d+$"}, "\u0664\u0662", False),
        ({"pattern": r"^\p{Lu}\p{Letter}+$"}, "\u00c9t\u00e9", True),
        ({"pattern": r"^[\p{L}\d]+$"}, "\u00e9-", False),
        ({"pattern": "^(?<year>[0-9]{4})$"}, "2024", True),
        ({"patternProperties": {r"^\d$": {"type": "null"}}}, {"1": 1}, False),
        ({"additionalProperties": {"type": "null"}}, {"07": 1, "7": 1, "+8": 1}, False),
        (True, [], True),
        (False, [], False),
    ],
)
def test_traps(engine, schema, instance, valid):
    assert (check(schema, instance, engine) == []) is valid


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"pattern": "(["},
        {"minimum": "1"},
        {"$ref": "https://example.invalid/schema.json"},
        {"properties": {"a": {"$ref": "other.json#/a"}}},
        {"$ref": "#/$defs/missing"},
        "{not json",
        "[1]",
        {"const": float("nan")},
    ],
)
def test_bad_schemas_raise_at_once(engine, schema):
    with pytest.raises(ValueError, match="schema"):
        compiled(schema_text(schema), engine)


def test_data_that_looks_like_a_reference_is_data():
    assert (
        check({"properties": {"$ref": {"const": {"$ref": "http://x"}}}}, {"$ref": {"$ref": "http://x"}}, "auto") == []
    )


def test_what_needs_a_deadline_is_known():
    def risk(schema, size):
        return compiled(schema_text(schema), "jsonschema").compiled.risk(size)

    assert not risk(PERSON, 700)
    assert risk(PERSON, 1_000_000)
    assert risk({"pattern": "^(a+)+$"}, 30)
    assert risk({"items": {"$ref": "#"}}, 10)
    assert isinstance(compiled("{}", "jsonschema").compiled, Standard)


@pytest.mark.slow
@pytest.mark.parametrize("engine", BOTH)
def test_deep_recursive_instances_are_judged(engine):
    schema = {"type": "array", "items": {"$ref": "#"}}
    instance = []
    for _ in range(198):
        instance = [instance]
    assert check(schema, instance, engine, timeout=30.0) == []


def test_keys_that_are_digits_stay_keys():
    schema = {"additionalProperties": {"type": "null"}}
    for engine in BOTH:
        assert [v.path for v in check(schema, {"07": 1, "+8": 1}, engine)] == [("07",), ("+8",)]


def test_translation_of_patterns():
    assert to_python(r"^[\w\[]+\/$") == r"^[A-Za-z0-9_\[]+/\Z"
    assert to_python("[^]") == r"[\s\S]"
    with pytest.raises(ValueError, match="jsonschema-rs"):
        to_python(r"\p{Script=Greek}")


HOSTILE = [
    "(?:a?){30}a{30}",
    "^(?:|a){30}b$",
    "^(?:(?:b?){9}b?){9}c$",
    r"^(a|aa)+\1?b$",
    "^(?=(a+)+b)",
    "^(?!(a|a)*b)c",
]


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("pattern", HOSTILE)
def test_patterns_of_a_schema_never_run_unbounded_here(pattern, engine):
    """Wherever a schema can hold one."""
    schemas = [
        {"items": {"pattern": pattern}},
        {"patternProperties": {pattern: False}},
        {"propertyNames": {"pattern": pattern}},
        {"$defs": {"s": {"pattern": pattern}}, "additionalProperties": {"$ref": "#/$defs/s"}},
    ]
    text = ["a" * 29, "b" * 40, ""]
    for schema in schemas:
        instance = text if "items" in schema else {part: part for part in text}
        judge = JSONJudge(schema, engine=engine, timeout=0.1)
        start = time.process_time()
        assert judge.verdict(json.dumps(instance)).score in (0.0, 1.0)
        assert time.process_time() - start < 1.0


def test_a_pattern_as_a_value_is_read_and_not_compiled():
    judge = JSONJudge({"properties": {"a": {"format": "regex"}}}, formats=True, engine="jsonschema")
    for pattern, valid in (("a+", True), ("(", False), ("(" * 5000, False), ("(?i:[\x00-\U0010ffff])" * 400, True)):
        start = time.process_time()
        assert judge.verdict(json.dumps({"a": pattern})).passed is valid
        assert time.process_time() - start < 1.0
