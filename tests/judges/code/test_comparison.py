from __future__ import annotations

import math
import time
from decimal import Decimal

import pytest

from jurybox.judges.code import Compare
from jurybox.judges.code.box.values import Opaque
from jurybox.judges.code.comparison import equal


@pytest.mark.parametrize(
    ("got", "expected", "right"),
    [
        (b"1\n", "1", True),
        (b"\n\n1 \r\n2\n\n", "1\n2", True),
        (b"1", "1\n2", False),  # a prefix is not enough
        (b"1\n2", "1", False),
        (b"a\n\nb", "a\nb", False),
        (b"\xff", "?", False),
        (b"1.0", "1", False),  # an integer is compared as text
        (b"1", "1.0", True),
        (b"nan", "nan", True),
        (b"nan", "1.0", False),
        (b"inf", "1.0", False),
        (b"1e400", "1.0", False),
        (b"1e999999999", "1.0", False),
        (b"sNaN", "1.0", False),
        (b"1" * 20000, "1.0", False),
        (b"0x10", "16.0", False),
        (b"1_0", "10.0", False),
        ("١".encode(), "1.0", False),  # digits of another script
        (b"", "", True),
        (b" \n", "", True),
    ],
)
def test_outputs(got, expected, right):
    assert Compare().outputs_match(got, expected) is right


def test_options_of_outputs():
    assert Compare(mode="tokens").outputs_match(b"1 2\n3", "1\n2 3")
    assert not Compare(mode="exact").outputs_match(b"1", "1\n")
    assert Compare(casefold=True).outputs_match(b"YES", "Yes")
    assert Compare(unordered_lines=True).outputs_match(b"b\na", "a\nb")
    assert not Compare(unordered_lines=True).outputs_match(b"b\nb", "a\nb")
    assert not Compare(float_tol=1e-9).outputs_match(b"0.3333335", "0.3333330")


@pytest.mark.parametrize(
    ("got", "expected", "right"),
    [
        ((1, (2,)), [1, [2]], True),
        ([1, 2], [1, 2, 3], False),
        (True, 1, True),
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, True),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        ("1", 1, False),
        ({"a": 0.3}, {"a": 0.1 + 0.2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({1, 2}, {2, 1}, True),
        ([1, 2], {1, 2}, False),
        (10**400, 1.0, False),
        (Opaque("Yes"), 1, False),
        ([Opaque("Yes")], [1], False),
        (None, None, True),
        (0, None, False),
        ("abc", ["a", "b", "c"], False),
    ],
)
def test_values(got, expected, right):
    assert Compare().values_match(got, expected) is right


def test_tuples_can_be_kept_apart_from_lists():
    assert not Compare(tuples_are_lists=False).values_match((1,), [1])
    assert not Compare(tuples_are_lists=False).values_match([[1]], [(1,)])


def test_comparisons_never_raise():
    assert not equal(Decimal("sNaN"), Decimal(1))
    assert not equal(Opaque("x"), Opaque("x"))


def test_long_outputs_are_compared_in_linear_time():
    text = "7 " * 200_000
    start = time.perf_counter()
    assert not Compare().outputs_match((text + "8").encode(), text + "9")
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("options", [{"mode": "fuzzy"}, {"float_tol": -1}, {"float_tol": math.nan}])
def test_wrong_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Compare(**options)
