from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.judges.json import JSONJudge
from jurybox.judges.json.match import equal, share_equal

ADDRESS = {
    "type": "object",
    "required": ["street", "city"],
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}, "zip": {"type": "string"}},
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "required": ["name", "age", "address"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "address": {"$ref": "#/$defs/address"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
    "$defs": {"address": ADDRESS},
}


def credit(instance, schema=SCHEMA, **options):
    import json

    return JSONJudge(schema, credit="partial", **options).verdict(json.dumps(instance)).score


@pytest.mark.parametrize(
    ("instance", "score"),
    [
        ({"name": "a", "age": 1, "address": {"street": "s", "city": "c"}}, 1.0),
        ({}, 0.0),
        ([], 0.0),
        ("name", 0.0),
        ({"name": "a"}, 1 / 4),
        ({"name": "a", "age": "1"}, 1 / 4),
        ({"name": "a", "age": 1}, 2 / 4),
        ({"name": "a", "age": 1, "address": {}}, 2 / 4),
        ({"name": "a", "age": 1, "address": "here"}, 2 / 4),
        ({"name": "a", "age": 1, "address": {"street": "s"}}, 3 / 4),
        ({"name": "a", "age": 1, "address": {"street": "s", "city": "c", "x": 1}}, 4 / 5),
        ({"name": "a", "age": 1, "address": {"street": "s", "city": "c"}, "x": 1, "y": 2}, 4 / 6),
        ({"name": "a", "age": -1, "address": {"street": "s", "city": "c"}, "tags": ["t"]}, 3 / 4),
        ({"name": "a", "age": 1, "address": {"street": "s", "city": "c"}, "tags": ["t", 1]}, 4.5 / 5),
    ],
)
def test_shares(instance, score):
    assert credit(instance) == pytest.approx(score)


def test_leaving_out_what_is_hard_never_pays():
    assert credit({"name": "a", "age": 1}) <= credit({"name": "a", "age": 1, "address": {"street": 1, "city": "c"}})


@pytest.mark.parametrize("instead", [{}, {"steps": []}, {"steps": "none"}, {"steps": [{}]}])
def test_an_array_that_must_not_be_empty_is_no_easy_leaf(instead):
    step = {"type": "object", "required": ["a", "b", "c"], "properties": {"a": {"type": "integer"}}}
    steps = {"type": "array", "minItems": 1, "items": step}
    schema = {"required": ["title", "steps"], "properties": {"title": {"type": "string"}, "steps": steps}}
    assert credit({"title": "t", **instead}, schema) == pytest.approx(1 / 4)
    assert credit({"title": "t", "steps": [{"a": 1}]}, schema) == pytest.approx(2 / 4)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.sampled_from("abcd"), max_size=3), st.integers(0, 60), st.sampled_from(["", "x", [], {}, ["y"] * 9]))
def test_credit_with_a_required_part_missing_is_at_most_the_share_of_those_present(present, count, filler):
    optional = {f"o{number}": {} for number in range(60)} | {"self": {"$ref": "#"}}
    schema = {"required": list("abcd"), "properties": {name: {"type": "integer"} for name in "abcd"} | optional}
    padding = {f"o{number}": filler for number in range(count)}
    instance = dict.fromkeys(present, 1) | padding | {"self": dict.fromkeys("abcd", 1) | padding}
    assert credit(instance, schema) <= len(present) / 4 + 1e-12
    assert credit(instance | dict.fromkeys("abcd", "wrong"), schema) == 0.0


def test_a_tree_without_its_leaves_lacks_one_part():
    tree = {
        "required": ["value", "children"],
        "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    }
    assert credit({"value": 1}, tree) == pytest.approx(1 / 2)


def test_padding_an_array_earns_nothing():
    base = {"name": "a", "age": "x", "address": {"street": "s", "city": "c"}}
    assert credit({**base, "tags": ["t"]}) == credit({**base, "tags": ["t"] * 500})


def test_undeclared_properties_earn_nothing():
    schema = {"required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert credit({"x": 1, "y": 2}, schema) == 0.0


def test_a_rule_of_the_whole_keeps_an_instance_below_one():
    assert credit({"a": 1}, {"properties": {"a": {}}, "not": {"required": ["a"]}}) == pytest.approx(1 / 2)
    assert credit(3, {"anyOf": [{"type": "string"}]}) == 0.0


def test_weights():
    instance = {"name": "a", "age": "x", "address": {"street": "s", "city": "c"}}
    assert credit(instance) == pytest.approx(3 / 4)
    assert credit(instance, weights={"/age": 3.0}) == pytest.approx(3 / 6)
    assert credit(instance, weights={"/address": 2.0, "/address/city": 0.0}) == pytest.approx(3 / 4)
    items = {"items": {"required": ["a", "b"], "properties": {"a": {"type": "null"}, "b": {"type": "null"}}}}
    assert credit([{"a": 1, "b": None}], items, weights={"/*/b": 3.0}) == pytest.approx(3 / 4)


def test_recursive_schemas_are_counted_to_a_finite_depth():
    schema = {"required": ["next", "v"], "properties": {"next": {"$ref": "#"}, "v": {"type": "integer"}}}
    assert 0.0 < credit({"v": 1}, schema) < 0.1


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "age", "address", "street", "city", "tags"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(values)
def test_credit_is_one_exactly_for_valid_instances(instance):
    import json

    text = json.dumps(instance)
    score = credit(instance)
    assert (score == 1.0) is JSONJudge(SCHEMA, level="strict").verdict(text).passed
    assert 0.0 == credit({}) <= score


@settings(max_examples=100, deadline=None)
@given(values, values)
def test_equality_of_values(left, right):
    assert equal(left, left)
    assert share_equal(left, left) == 1.0
    assert equal(left, right) == (share_equal(left, right) == 1.0) == equal(right, left)


def test_share_of_equal_leaves():
    assert share_equal({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}) == pytest.approx(2 / 3)
    assert share_equal({"a": 1, "x": 1}, {"a": 1}) == 0.5
    assert share_equal(True, 1) == 0.0
    assert share_equal({}, {"a": {"b": 1, "c": 2}}) == 0.0
