from __future__ import annotations

import time

import pytest

from jurybox.judges.code.extraction import extract_program


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\na = 1\n```", "a = 1\n"),
        ("```py\na\n```\n```\nb\n```", "a\n"),  # a label beats a later block without one
        ("```\na\n```\n```\nb\n```", "b\n"),
        ("```python3\na\n```\n```text\nb\n```", "a\n"),
        ("<think>```python\na\n```</think>\n```python\nb\n```", "b\n"),
        ("1. so:\n   ```python\n   if a:\n       b\n   ```", "if a:\n    b\n"),
        ("~~~python\na\n~~~", "a\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("``` Python title=x\na\n```", "a\n"),
    ],
)
def test_the_program_is_the_last_python_block(text, code):
    program = extract_program(text)
    assert program.code == code
    assert not program.notes


def test_the_span_is_where_the_program_stands():
    text = "Look:\n```python\nprint(1)\n```\n"
    assert text[slice(*extract_program(text).span)] == "print(1)\n"


def test_an_unclosed_fence_counts_to_the_end_and_is_noted():
    program = extract_program("```python\na = 1\nb = 2")
    assert program.code == "a = 1\nb = 2"
    assert program.notes == ("the last fence was not closed",)


@pytest.mark.parametrize(
    "text", ["", "no code", "```json\n{}\n```", "<think>```python\na\n```</think> none", "```python"]
)
def test_no_program(text):
    assert extract_program(text) is None


def test_bare_text_is_a_program_only_on_demand_and_when_it_compiles():
    assert extract_program("print(1)") is None
    assert extract_program("print(1)", allow_bare=True).code == "print(1)"
    assert extract_program("This is prose.", allow_bare=True) is None
    assert extract_program("(" * 100_000, allow_bare=True) is None


@pytest.mark.parametrize("piece", ["`", "```\n", "```python\n", "~~~ `", "</think>", "\n"])
def test_time_grows_with_the_length_only(piece):
    start = time.process_time()
    extract_program(piece * 300_000)
    assert time.process_time() - start < 5
