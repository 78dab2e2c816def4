"""Slips of form that models make with other people's quotes, blanks and brackets; and what stays refused."""

from __future__ import annotations

import contextlib
import time

import pytest

from jurybox.judges.json import Malformed, extract

MENDED = [
    ('{"name”: “Ann", "age": 3}', {"name": "Ann", "age": 3}),
    ('{“name": "Ann”}', {"name": "Ann"}),
    ('{"tags": ["a”, "b"]}', {"tags": ["a", "b"]}),
    ('{"a": "er sagte “gut” und", \'b\': 1}', {"a": "er sagte “gut” und", "b": 1}),
    ('{"a": Null, "b": nULL, "c": [NONE, TRUE, Undefined]}', {"a": None, "b": None, "c": [None, True, None]}),
    ('{"city": "Rome, "n": 1, "m": [2]}', {"city": "Rome", "n": 1, "m": [2]}),
    ('{"a": "x, "b": "y, "c": null}', {"a": "x", "b": "y", "c": None}),
    ('{\u00a0"a":\u00a01,\u2007"b"\u200b:\u20602\ufeff}', {"a": 1, "b": 2}),
    ('[\u200b"a"\u00a0,\ufeff"b"]', ["a", "b"]),
    ('[{"k": 1}, {"k": 2}}, {"k": 3}]', [{"k": 1}, {"k": 2}, {"k": 3}]),
    ('{"a": [1, 2]], "b": 3}', {"a": [1, 2], "b": 3}),
    ('{"a": {"b": [1]]}, "c": 2}', {"a": {"b": [1]}, "c": 2}),
    ('{"a": [1, 2}, "b": 3}', {"a": [1, 2], "b": 3}),
    ('{"a": {"b": 1], "c": 2}', {"a": {"b": 1}, "c": 2}),
    ('{"key": "value"}, "key2": "value2"}', {"key": "value", "key2": "value2"}),
    ('{"a": 1}, "b": 2}, "c": [3]}', {"a": 1, "b": 2, "c": [3]}),
    ('{"city": New York, "age": 30}', {"city": "New York", "age": 30}),
    ('{"city": San Juan de la Cruz\n}', {"city": "San Juan de la Cruz"}),
    ('{"city": Rome", "n": 1}', {"city": "Rome", "n": 1}),
    ('{"key: 1, "b": 2}', {"key": 1, "b": 2}),
    ('{"key: "v", "b": 2}', {"key": "v", "b": 2}),
    ('{"a": 1, "key: true, "b": 2}', {"a": 1, "key": True, "b": 2}),
    ('{key": 1}', {"key": 1}),
    ('{"a": 1, b": "x"}', {"a": 1, "b": "x"}),
    ('{"a": "b}', {"a": "b"}),
    ('{"a": ["b", "c]}', {"a": ["b", "c"]}),
    ('{"a": ["x, "y"]}', {"a": ["x", "y"]}),
    ('["y"\\, "z"]', ["y", "z"]),
    ('{"a": "x"\\, "b": 1\\}', {"a": "x", "b": 1}),
    ('{"a": "x" +\n "y", "b": ["p" + "q" + \'r\', "s"]}', {"a": "xy", "b": ["pqr", "s"]}),
    ('{"arguments": "{"x": 1, "y": "z"}"}', {"arguments": '{"x": 1, "y": "z"}'}),
    ('{"a": "x",\n"b": "y\n}', {"a": "x", "b": "y"}),
    ('{"code": "print("x" + "y")"}', {"code": 'print("x" + "y")'}),
    ('｛"a"：[1，2]，"b"：｛"c"："x，y"｝｝', {"a": [1, 2], "b": {"c": "x，y"}}),
    ("{„a“: „b“, «c»: «d»}", {"a": "b", "c": "d"}),
    ('{1: "a", 2: "b"}', {"1": "a", "2": "b"}),
    ('> ```json\n> {"a": "x > y",\n> "b": [1,\n> 2]}\n> ```', {"a": "x > y", "b": [1, 2]}),
]


@pytest.mark.parametrize(("text", "value"), MENDED)
def test_form_is_mended(text, value):
    found = extract(text, "repair")
    assert (found.value, found.level) == (value, "repair")
    assert found.repairs
    with pytest.raises(Malformed):
        extract(text, "strict")


def test_a_comma_and_a_quoted_word_with_a_colon_in_a_string_are_no_member():
    assert extract('{\'a\': 1, "b": "he said, \\"yes\\": fine"}', "repair").value["b"] == 'he said, "yes": fine'


def test_text_about_members_does_not_reopen_an_object():
    for text in ('{"a": 1}, "b" is next.', '{"a": 1}, "b": was it?', '{"a": 1}, "b": 2'):
        assert extract(text, "repair").value == {"a": 1}


def test_a_text_that_ends_in_a_bracket_was_cut_off():
    assert extract('{"code": "int f() { return 0; }', "repair").value == {"code": "int f() { return 0; }"}


UNTOLD = [
    '{"a": Paris, France, "b": 1}', '{"a": true or false}', '{"a": \nnothing yet', '{"a": ?}', '{"a": --1}',
    '{"a": "x" "y"}', '{"a": "x": "y"}', '{"a": "x": 1}', '{"a": 5 km}', '{"a": 1 2}', '{"a": 1, 2}', '{"a", "b"}',
]  # fmt: skip


@pytest.mark.parametrize("text", UNTOLD)
def test_what_was_meant_is_not_guessed(text):
    with pytest.raises(Malformed):
        extract(text, "repair")


@pytest.mark.parametrize(
    "unit",
    ['"a"+', '{"k: ', "]", '"x\\', "\n>", '1}, "b":', '{"a": w w ', "「", "“", '"{"a": [', '["{"a", ', '"a, "b", '],
)
def test_no_slip_is_slow(unit):
    text = '{"a": [' + unit * (60_000 // len(unit))
    start = time.process_time()
    with contextlib.suppress(Malformed):
        extract(text, "repair")
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize("text", ['{"a": Nul, "b": 1', "{a: b c}", '{"a": , "b": 1}'])
def test_no_value_is_invented(text):
    try:
        value = extract(text, "repair").value
    except Malformed:
        return
    assert None not in value.values()
