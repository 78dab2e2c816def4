"""Slips of form that models make with other people's quotes, blanks and brackets; and what stays refused."""

from __future__ import annotations

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


@pytest.mark.parametrize("text", ['{"a": Nul, "b": 1', "{a: b c}", '{"a": , "b": 1}'])
def test_no_value_is_invented(text):
    try:
        value = extract(text, "repair").value
    except Malformed:
        return
    assert None not in value.values()
