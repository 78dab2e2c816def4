from __future__ import annotations

import contextlib
import gc
import json
import random
from pathlib import Path
from time import process_time

import pytest

from jurybox.judges.json import Malformed, extract
from tests.case_kinds.json_extraction import check_row
from tests.cases import read_rows

OWN = list(read_rows(Path(__file__).with_name("extraction_cases.jsonl")))
GOLDEN = list(read_rows(Path(__file__).parents[2] / "golden/json_extraction_cases.jsonl"))
PIECES = ["{", "}", "[", "]", '"', "'", ",", ":", "\\", "\n", " ", "a", "1", "-", ".", "true", "None", "NaN", "```"]
PIECES += ["```json\n", "<think>", "</think>", "//", "/*", "#", "“", "\\u12", "\\ud800", "\ud800", "\x00", "..."]
PIECES += ["=", "(", ")", "0x", '"""', ";", '"k":', '{"a":1', '\\"']


@pytest.mark.parametrize("row", [row for row in OWN if row["level"] != "absent"], ids=lambda row: row["text"][:30])
def test_own_cases(row):
    assert check_row(row) is None
    if row["level"] in ("extract", "repair"):
        assert extract(row["text"], "repair").level == row["level"]


@pytest.mark.parametrize("row", [row for row in OWN if row["level"] == "absent"], ids=lambda row: row["text"][:30])
def test_a_part_of_something_broken_is_not_the_answer(row):
    with pytest.raises(Malformed):
        extract(row["text"])


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["name"])
def test_golden_cases(row):
    assert check_row(row) is None


def test_the_level_in_the_golden_cases_is_the_strictest_that_works():
    for row in GOLDEN:
        if row["level"] in ("strict", "extract") or (row["level"] == "repair" and row["name"] != "escaped as string"):
            assert extract(row["text"], "repair").level == row["level"], row["name"]


def problem(text, level="strict"):
    with pytest.raises(Malformed) as caught:
        extract(text, level)
    return caught.value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a": 1, "a": 1}', "duplicate key"),
        ('{"a": NaN}', "not a finite number"),
        ("1e400", "not a finite number"),
        ("-1e9999", "not a finite number"),
        ('"\\ud800"', "lone surrogate"),
        ('"\ud800"', "lone surrogate"),
        ("[" * 201 + "]" * 201, "too deep"),
        ("9" * 5_000, "too many digits"),
        ('{"a": 1} thanks', "trailing text"),
        ('{"a": 1} {"a": 2}', "two values"),
        ('{"a": 1,}', "syntax error"),
        ("\ufeff{}", "syntax error"),
        ("\u00a0{}", "syntax error"),
        ("", "no json"),
    ],
)
def test_what_strict_refuses(text, name):
    assert problem(text).problem == name


def test_200_levels_are_allowed_and_brackets_in_strings_do_not_count():
    assert extract("[" * 200 + "]" * 200, "strict").level == "strict"
    assert extract('["' + "[" * 500 + '"]', "strict").level == "strict"


def test_the_place_of_an_error_is_that_in_the_completion():
    text = 'Sure:\n```json\n{"a": 1,\n "b" 2}\n```'
    assert problem(text, "extract").position(text) == {"line": 4, "column": 6, "offset": 28}
    text = 'Sure: {"a": 1, "a": 2}'
    assert problem(text, "repair").position(text) == {"line": 1, "column": 16, "offset": 15}


def test_repairs_are_listed_with_their_place():
    found = extract("{'a': True, b: +1,}", "repair")
    assert found.value == {"a": True, "b": 1}
    assert dict(found.repairs) == {
        "single quotes": 1,
        "python literal": 6,
        "unquoted key": 12,
        "leading plus": 15,
        "trailing comma": 18,
    }


def test_an_array_is_taken_when_one_is_asked_for():
    text = 'From {"a": 1} follows [1].'
    assert extract(text).value == {"a": 1}
    assert extract(text, prefer="array").value == [1]


@pytest.mark.parametrize("length", [4_070, *range(4_085, 4_100), 40_000])
def test_values_are_whole_wherever_the_parsers_window_ends(length):
    for text in (f'["{"x" * length}", true, 123456]', f"[{'1' * (length % 4_000 + 1)},{' ' * length}-1.5e3]"):
        assert extract(text, "strict").value == json.loads(text)
        assert extract("So: " + text + " .").end == len(text) + 4
    assert extract("9" * (length % 4_300 + 1), "strict").value == int("9" * (length % 4_300 + 1))


def test_long_texts_are_refused_unread():
    with pytest.raises(Malformed, match="too long"):
        extract("[]" + " " * 100, max_chars=100)


@pytest.mark.parametrize("seed", range(4))
def test_random_rubbish_never_breaks_the_parsers(seed):
    dice = random.Random(seed)
    for _ in range(400):
        text = "".join(dice.choice(PIECES) for _ in range(dice.choice([3, 8, 30])))
        for level in ("strict", "extract", "repair"):
            try:
                extract(text, level)
            except Malformed as error:
                error.position(text)


@pytest.mark.parametrize(
    "unit", ["{'a':1} ", '{"a":1, ?? }', '[{"]=\\"+:]', '{"a":"', "'", '{"\\', '["', "```{", "{a:"]
)
def test_time_is_linear(unit):
    def seconds(length):
        text = unit * (length // len(unit))
        gc.collect()
        gc.disable()  # what lives elsewhere in this process says nothing about the text
        start = process_time()
        with contextlib.suppress(Malformed):
            extract(text, "repair")
        gc.enable()
        return process_time() - start

    # linear: 4, quadratic: 16. A neighbour that empties the caches makes one measurement late, not five
    assert any(seconds(80_000) < 10 * seconds(20_000) + 0.05 for _ in range(5))
