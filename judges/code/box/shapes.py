"""Values between a test and a program that are more than plain data, and cross by value all the same.

    ["o", "kind", name, content, …]                 a container of the standard library: Counter, deque, range, …
    ["o", "array", dtype, shape, content]           an array or a scalar of numpy (the shape of which is None)
    ["o", "frame", columns, index, names, dtypes]   a table of pandas;  ["o", "series", …] one column
    ["o", "valued", number, type, content]          an instance of a class derived from a builtin one, such as a named
                                                    tuple: its content, and a handle for what else it has

What the test gets is made anew from plain data by the test's own library, so no method of the program's takes part.
Numpy and pandas are never imported here; they are there, or nothing of theirs can come.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import PosixPath, PurePosixPath
from typing import Any
from uuid import UUID

from .standard import builtin_type
from .values import BadValue

DTYPE = re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)|complex(64|128)")
TEXT_OR_OBJECT = ("str", "object")
Coder = Callable[[Any], Any]

KINDS: dict[str, tuple[type, Callable[..., Any], Callable[[Any], list[Any]]]] = {
    "Counter": (Counter, Counter, lambda _value: []),
    "OrderedDict": (OrderedDict, OrderedDict, lambda _value: []),
    "defaultdict": (
        defaultdict,
        lambda content, factory: defaultdict(factory and builtin_type(factory), content),
        lambda value: [_builtin_name(value.default_factory)],
    ),
    "deque": (deque, deque, lambda value: [value.maxlen]),
    "bytearray": (bytearray, bytearray, lambda _value: []),
    "UUID": (UUID, UUID, lambda _value: []),
    "PurePosixPath": (PurePosixPath, PurePosixPath, lambda _value: []),
    "PosixPath": (PosixPath, PosixPath, lambda _value: []),
    "range": (range, lambda _content, *ends: range(*ends), lambda value: [value.start, value.stop, value.step]),
}
NAMES = {kind: name for name, (kind, _make, _rest) in KINDS.items()}


def _builtin_name(factory: Any) -> str | None:
    return factory.__name__ if isinstance(factory, type) and factory.__module__ == "builtins" else None


def shaped(value: Any, content: Any, encode: Coder) -> list[Any] | None:
    """The value as it crosses, None where it is an instance of some other class; `content` is its plain content."""
    name = NAMES.get(type(value))
    if name is not None:
        content = [] if name == "range" else content
        return ["o", "kind", name, content, *KINDS[name][2](value)]
    top = type(value).__module__.partition(".")[0]
    if top == "numpy":
        return _array(value, encode)
    return None


def made(body: list[Any], decode: Coder) -> Any:
    """The value of a shape. Raises BadValue for what `shaped` does not write."""
    try:
        if body[0] == "kind":
            return KINDS[body[1]][1](decode(body[2]) if body[2] else [], *body[3:])
        if body[0] == "array":
            _name, dtype, shape, content = body
            return _made_array(dtype, shape, content, decode)
        return _made_table(body, decode)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadValue(f"no {body[0]}: {type(error).__name__}") from None


# numpy


def _array(value: Any, encode: Coder) -> list[Any] | None:
    numpy = sys.modules["numpy"]
    exact = type(value) is numpy.ndarray or isinstance(value, numpy.generic)
    if not exact or not (DTYPE.fullmatch(str(value.dtype)) or value.dtype.kind in "UO"):
        return None
    shape = list(value.shape) if type(value) is numpy.ndarray else None
    dtype = str(value.dtype) if value.dtype.kind not in "UO" else TEXT_OR_OBJECT[value.dtype.kind == "O"]
    return ["o", "array", dtype, shape, encode(value.ravel().tolist() if shape is not None else value.item())]


def _made_array(dtype: Any, shape: Any, content: Any, decode: Coder) -> Any:
    numpy = sys.modules["numpy"]
    if not (DTYPE.fullmatch(dtype) or dtype in TEXT_OR_OBJECT):
        raise BadValue("no type of an array")
    values = decode(content)
    if shape is None:
        return numpy.dtype(dtype).type(values)
    flat = numpy.empty(len(values), dtype=object)
    flat[:] = values
    return flat.astype(dtype).reshape([abs(int(size)) for size in shape])


# pandas


def whole(value: Any, encode: Coder) -> list[Any] | None:
    """What is no plain data and crosses by value; None for every other object."""
    name = NAMES.get(type(value))
    return _table(value, encode) if name is None else ["o", "kind", name, str(value)]


def _table(value: Any, encode: Coder) -> list[Any] | None:
    """A frame or a series of plain columns as it crosses; None for every other object."""
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) not in (pandas.DataFrame, pandas.Series):
        return None
    frame = value if type(value) is pandas.DataFrame else value.to_frame()
    dtypes = [str(dtype) for dtype in frame.dtypes]
    if not all(DTYPE.fullmatch(dtype) or dtype in TEXT_OR_OBJECT for dtype in dtypes):
        return None
    if any(isinstance(axis, pandas.MultiIndex) for axis in frame.axes) or not _is_plain(frame.index):
        return None
    columns = [_cells(frame.iloc[:, place], pandas) for place in range(len(dtypes))]
    index = [str(frame.index.dtype), list(frame.index), frame.index.name]
    if type(frame.index) is pandas.RangeIndex:
        index = ["range", [frame.index.start, frame.index.stop, frame.index.step], frame.index.name]
    name = "frame" if type(value) is pandas.DataFrame else "series"
    own_name = [list(frame.columns), frame.columns.name] if name == "frame" else [value.name]
    return ["o", name, encode(columns), encode(index), encode(own_name), dtypes]


def _is_plain(index: Any) -> bool:
    return bool(DTYPE.fullmatch(str(index.dtype))) or str(index.dtype) in TEXT_OR_OBJECT


def _cells(series: Any, pandas: Any) -> list[Any]:
    return [None if cell is pandas.NA else cell for cell in series.tolist()]


def _made_table(body: list[Any], decode: Coder) -> Any:
    pandas = sys.modules["pandas"]
    columns, (index_type, index, index_name), own_name = map(decode, body[1:4])
    if not all(
        DTYPE.fullmatch(dtype) or dtype in TEXT_OR_OBJECT for dtype in (*body[4], index_type.replace("range", "str"))
    ):
        raise BadValue("no type of a column")
    rows = pandas.RangeIndex(*index, name=index_name) if index_type == "range" else pandas.Index(
        index, dtype=index_type, name=index_name
    )  # fmt: skip
    made = [pandas.Series(cells, index=rows, dtype=dtype) for cells, dtype in zip(columns, body[4], strict=True)]
    if body[0] == "series":
        return made[0].rename(own_name[0])
    frame = pandas.concat(made, axis=1) if made else pandas.DataFrame(index=rows)
    frame.columns = pandas.Index(own_name[0], name=own_name[1])
    return frame
