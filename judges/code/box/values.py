"""Python values as tagged JSON: what crosses the wall is plain data, rebuilt on the other side.

    None, True, "text", 1.5, 7     themselves (integers below 2**53)
    ["l", …] ["t", …] ["s", …] ["z", …]     list, tuple, set, frozenset
    ["d", [key, value], …]         dict
    ["i", "ff"]  ["f", "nan"]      a large integer as hex, a float that JSON lacks
    ["b", "00ff"] ["c", re, im]    bytes, complex
    ["q", [num, den]] ["D", "1.5"] Fraction, Decimal
    ["T", kind, …]                 date, datetime, time, timedelta: their fields, a time zone as seconds of offset
    ["o", …]                       anything else: opaque, by default only its type's name

A subclass of a builtin is reduced with the base class's own methods, so an overridden `__eq__` or `__iter__` stays
behind. No pickle, no eval, no repr: whatever bytes arrive, decoding makes data or raises `BadValue`, in time that grows
with their number only. What would cost more than it is long is bounded before it is built: nesting, the digits of
decimals, the bits of fractions (whose greatest common divisor is sought), and keys of hash tables that share a hash.
"""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 200
MAX_FRACTION_BITS = 1 << 14
FEW_KEYS = 32  # as many may share one hash: comparing each with each is nothing
COMPARISONS_A_KEY = 8
EXACT_IN_JSON = 1 << 53
DECIMAL = re.compile(r"-?\d{1,100}(\.\d{1,100})?(E[+-]?\d{1,3})?|-?Infinity|NaN", re.ASCII)


class BadValue(ValueError):  # noqa: N818 - the name says what happened
    """Not a value of this encoding, or one nested too deeply."""


class Opaque:
    """A value that is no plain data; equal to nothing, itself included."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.type_name} object>"


def opaque_name(value: Any) -> list[Any]:
    """The default for what is no plain data: the name of its type."""
    return ["o", type.__getattribute__(type(value), "__name__")[:100]]


def encode(value: Any, opaque: Callable[[Any], Any] = opaque_name, depth: int = 0) -> Any:
    """A value as tagged JSON; `opaque` says what becomes of objects that are no plain data. Where it has a method
    `shaped(value, content)`, that says what becomes of those that are more than plain.

    Raises:
        BadValue: nested deeper than 200, or cyclic.
    """
    if depth > MAX_DEPTH:
        raise BadValue(f"a value nested deeper than {MAX_DEPTH}, or cyclic")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    shaped = None if kind in _PLAIN else getattr(opaque, "shaped", None)
    for base in kind.__mro__:
        encoder = _ENCODERS.get(base)
        if encoder is not None:
            content = encoder(value, opaque, depth + 1)
            return content if shaped is None else shaped(value, content)
    if kind.__module__.partition(".")[0] == "numpy":
        return _encode_array(value, opaque, depth) if shaped is None else shaped(value, None)
    return opaque(value)


def _encode_int(value: int, _opaque: Any, _depth: int) -> Any:
    plain = int.__int__(value)
    if -EXACT_IN_JSON < plain < EXACT_IN_JSON:
        return plain
    return ["i", format(plain, "x")]


def _encode_float(value: float, _opaque: Any, _depth: int) -> Any:
    plain = float.__float__(value)
    return plain if math.isfinite(plain) else ["f", float.__repr__(plain)]


def _sequence(tag: str, iterate: Callable[[Any], Any]) -> Callable[[Any, Any, int], Any]:
    def encode_items(value: Any, opaque: Any, depth: int) -> Any:
        return [tag, *(encode(item, opaque, depth) for item in iterate(value))]

    return encode_items


def _encode_dict(value: dict[Any, Any], opaque: Any, depth: int) -> Any:
    return ["d", *([encode(k, opaque, depth), encode(v, opaque, depth)] for k, v in dict.items(value))]


def _encode_array(value: Any, opaque: Any, depth: int) -> Any:
    """Arrays and scalars of numpy, without importing it."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    return opaque(value) if type(plain).__module__ != "builtins" else encode(plain, opaque, depth + 1)


def _encode_datetime(value: datetime, _opaque: Any, _depth: int) -> Any:
    fields = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    return ["T", "datetime", *fields, _offset(datetime.utcoffset(value)), value.fold]


def _encode_time(value: time, _opaque: Any, _depth: int) -> Any:
    fields = [value.hour, value.minute, value.second, value.microsecond]
    return ["T", "time", *fields, _offset(time.utcoffset(value)), value.fold]


def _offset(offset: timedelta | None) -> float | None:
    return None if offset is None else offset.total_seconds()


_ENCODERS: dict[type, Callable[[Any, Any, int], Any]] = {
    str: lambda value, _opaque, _depth: str.__str__(value),
    int: _encode_int,
    float: _encode_float,
    list: _sequence("l", list.__iter__),
    tuple: _sequence("t", tuple.__iter__),
    set: _sequence("s", set.__iter__),
    frozenset: _sequence("z", frozenset.__iter__),
    deque: _sequence("l", deque.__iter__),
    range: _sequence("l", range.__iter__),
    dict: _encode_dict,
    bytes: lambda value, _opaque, _depth: ["b", bytes.hex(value)],
    bytearray: lambda value, _opaque, _depth: ["b", bytearray.hex(value)],
    complex: lambda value, _opaque, _depth: ["c", value.real, value.imag],
    Fraction: lambda value, opaque, depth: ["q", encode([value.numerator, value.denominator], opaque, depth)],
    Decimal: lambda value, _opaque, _depth: ["D", Decimal.__str__(value)],
    datetime: _encode_datetime,
    date: lambda value, _opaque, _depth: ["T", "date", value.year, value.month, value.day],
    time: _encode_time,
    timedelta: lambda value, _opaque, _depth: ["T", "delta", value.days, value.seconds, value.microseconds],
}
_PLAIN = {*_ENCODERS, bool} - {deque, range, bytearray}  # of which the same comes out as went in


def opaque_object(body: Any) -> Any:
    """The default reading of an opaque value."""
    return Opaque(body[0] if body and isinstance(body[0], str) else "unknown")


def decode(tree: Any, opaque: Callable[[Any], Any] = opaque_object, depth: int = 0) -> Any:
    """The value of a tagged JSON tree; `opaque` is given the body of an opaque one.

    Raises:
        BadValue: anything that `encode` does not write.
    """
    if depth > MAX_DEPTH + 2:
        raise BadValue(f"a value nested deeper than {MAX_DEPTH}")
    if not isinstance(tree, list):
        if isinstance(tree, dict):
            raise BadValue("a bare JSON object")
        return tree
    if not tree or not isinstance(tree[0], str):
        raise BadValue("a list without a tag")
    tag, body = tree[0], tree[1:]
    if tag == "o":
        return opaque(body)
    decoder = _DECODERS.get(tag)
    if decoder is None:
        raise BadValue(f"unknown tag {tag[:20]!r}")
    try:
        return decoder(body, opaque, depth + 1)
    except BadValue:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:  # unhashable, no hex, too short, 1/0
        raise BadValue(f"{tag}: {type(error).__name__}") from None


def _items(body: list[Any], opaque: Any, depth: int) -> list[Any]:
    return [decode(item, opaque, depth) for item in body]


def _keys(body: list[Any], opaque: Any, depth: int) -> list[Any]:
    """Items for a hash table. Those that share a hash are compared each with each, and such are easily made."""
    keys = _items(body, opaque, depth)
    if len(keys) > FEW_KEYS:
        comparisons = sum(count * (count - 1) // 2 for count in Counter(map(hash, keys)).values())
        if comparisons > COMPARISONS_A_KEY * len(keys):
            raise BadValue("too many keys with one hash")
    return keys


def _decode_dict(body: list[Any], opaque: Any, depth: int) -> dict[Any, Any]:
    keys = _keys([key for key, _value in body], opaque, depth)
    return dict(zip(keys, (decode(value, opaque, depth) for _key, value in body), strict=True))


def _decode_float(body: list[Any], _opaque: Any, _depth: int) -> float:
    (text,) = body
    if text not in ("nan", "inf", "-inf"):
        raise BadValue("not a special float")
    return float(text)


def _decode_fraction(body: list[Any], opaque: Any, depth: int) -> Fraction:
    """From two integers, never from a text: `Fraction("1e99999999999")` would build the number."""
    numerator, denominator = decode(body[0], opaque, depth)
    if type(numerator) is not int or type(denominator) is not int:
        raise BadValue("a fraction is made of integers")
    if max(numerator.bit_length(), denominator.bit_length()) > MAX_FRACTION_BITS:
        raise BadValue(f"a fraction of more than {MAX_FRACTION_BITS} bits")
    return Fraction(numerator, denominator)


def _decode_decimal(body: list[Any], _opaque: Any, _depth: int) -> Any:
    (text,) = body
    return Decimal(text) if DECIMAL.fullmatch(text) else Opaque("Decimal")


def _decode_moment(body: list[Any], _opaque: Any, _depth: int) -> Any:
    kind, *fields = body
    if kind in ("datetime", "time"):
        *fields, offset, fold = fields
        zone = None if offset is None else timezone(timedelta(seconds=offset))
        make: Any = datetime if kind == "datetime" else time
        return make(*fields, tzinfo=zone, fold=fold)
    if kind not in ("date", "delta"):
        raise BadValue("not a moment")
    return (date if kind == "date" else timedelta)(*fields)


_DECODERS: dict[str, Callable[[list[Any], Any, int], Any]] = {
    "l": _items,
    "t": lambda body, opaque, depth: tuple(_items(body, opaque, depth)),
    "s": lambda body, opaque, depth: set(_keys(body, opaque, depth)),
    "z": lambda body, opaque, depth: frozenset(_keys(body, opaque, depth)),
    "d": _decode_dict,
    "i": lambda body, _opaque, _depth: int(body[0], 16),
    "f": _decode_float,
    "b": lambda body, _opaque, _depth: bytes.fromhex(body[0]),
    "c": lambda body, _opaque, _depth: complex(float(body[0]), float(body[1])),
    "q": _decode_fraction,
    "D": _decode_decimal,
    "T": _decode_moment,
}
