from __future__ import annotations

import contextlib
import json
import math
import time
from collections import Counter, OrderedDict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges.code.box.values import BadValue, Opaque, decode, encode

atoms = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.fractions()
)
hashable = st.recursive(atoms, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    hashable,
    lambda inner: st.lists(inner) | st.dictionaries(hashable, inner) | st.sets(hashable) | st.tuples(inner, inner),
    max_leaves=15,
)


@given(values)
def test_plain_data_comes_back_equal_and_of_the_same_types(value):
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


def test_what_json_lacks():
    assert math.isnan(decode(encode(math.nan)))
    assert decode(encode([math.inf, -math.inf, 1 + 2j, Decimal("1.50"), Fraction(1, 3), b"\0"])) == [
        math.inf, -math.inf, 1 + 2j, Decimal("1.5"), Fraction(1, 3), b"\0",
    ]  # fmt: skip


def test_relatives_of_builtins_become_builtins():
    pair = namedtuple("pair", "a b")
    values = [Counter("aab"), OrderedDict(a=1), deque([1], maxlen=1), pair(1, 2), range(3)]
    assert decode(encode(values)) == [{"a": 2, "b": 1}, {"a": 1}, [1], (1, 2), [0, 1, 2]]


def test_a_subclass_is_reduced_by_its_base_class():
    class Liar(int):
        __eq__ = __ne__ = lambda *_: True
        __hash__ = int.__hash__
        __int__ = __index__ = lambda _: 42
        __class__ = float

    class Endless(list):
        def __iter__(self):
            while True:
                yield 1

    assert encode(Liar(7)) == 7
    assert encode(Endless([1, 2])) == ["l", 1, 2]


def test_other_objects_are_opaque_and_equal_nothing():
    class Yes:
        __eq__ = lambda *_: True  # noqa: E731

    value = decode(encode(Yes()))
    assert isinstance(value, Opaque)
    assert value != value
    assert repr(value) == "<Yes object>"


def test_deep_and_cyclic_values_are_refused():
    cyclic: list = []
    cyclic.append(cyclic)
    with pytest.raises(BadValue, match="nested deeper"):
        encode(cyclic)
    deep: list = ["l"]
    for _ in range(300):
        deep = ["l", deep]
    with pytest.raises(BadValue, match="nested deeper"):
        decode(deep)


@pytest.mark.parametrize(
    "tree",
    [
        {}, [], [1], [["l"]], ["x"], ["i", 5], ["i", "zz"], ["i"], ["f", "1.5"], ["f"], ["b", "0"], ["c", 1], ["d", 1],
        ["d", [1]], ["d", [["l"], 1]], ["s", ["l"]], ["q", [1]], ["q", ["l", 1, 0]], ["D", 5], ["d", [1, 2, 3]],
    ],
)  # fmt: skip
def test_what_encode_never_writes_is_a_bad_value(tree):
    with pytest.raises(BadValue):
        decode(tree)


MODULUS = (1 << 61) - 1  # of the hash of numbers


def alike(value, place):
    """One of many different numbers that share the hash of `value`."""
    return ["i", format(value + place * MODULUS, "x")]


@pytest.mark.parametrize(
    "attack",
    [
        ["s", *(alike(0, n) for n in range(1, 20_000))],
        ["z", *(["q", ["l", alike(g, n), 1]] for g in range(2, 202) for n in range(1, 500))],
        ["d", *([["t", *[0] * 40, alike(g, n)], 0] for g in range(50) for n in range(1, 500))],
        ["q", ["l", "1e100000000000", None]],
        ["q", ["l", ["D", "1E+999"], 1]],
        ["q", ["l", ["i", "f" * 400_000], ["i", "e" * 400_001]]],
        ["l", *[["q", ["l", ["i", "f" * 5000], ["i", "e" * 5001]]]] * 800],
        ["D", "9" * 4_000_000],
    ],
    ids=["one hash", "groups of fractions", "groups of tuples", "text", "decimal", "long", "many long", "digits"],
)
def test_decoding_costs_no_more_than_the_size_of_what_came(attack):
    start = time.process_time()
    with contextlib.suppress(BadValue):
        decode(attack)
    assert time.process_time() - start < 1


def test_honest_keys_that_share_hashes_are_taken():
    values = {-1, -2, 0, MODULUS, *range(2, 20_000), *(n + MODULUS for n in range(3, 5000))}
    assert decode(encode(values)) == values
