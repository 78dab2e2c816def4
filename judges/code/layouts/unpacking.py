"""From what stands in a column to Python values: JSON, JSON in JSON, text of Python, compressed text."""

from __future__ import annotations

import ast
import base64
import binascii
import io
import json
import pickle
import zlib
from collections.abc import Mapping
from typing import Any

MAX_UNPACKED = 1 << 28  # bytes; the largest rows of LiveCodeBench take a tenth of it


def unpacked(value: Any) -> Any:
    """The value that a text stands for; what is no text is itself.

    Text of JSON, of a Python literal, LiveCodeBench's packing, or Python test source, which becomes {"source": …}.

    Raises:
        ValueError: none of these.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    if value.lstrip()[:1] in ("{", "[", "("):
        try:
            return ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass
    if (text := _decompressed(value)) is not None:
        return unpacked(text)
    if is_test_source(value):
        return {"source": value}
    raise ValueError(f"tests given as a string are JSON, or the source of tests: {value!r:.80}")


def is_test_source(text: str) -> bool:
    """Whether a text is Python that can test something: it asserts, defines or calls, or is a text of examples."""
    if text.lstrip().startswith(">>>"):
        return True
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return any(isinstance(node, (ast.Assert, ast.FunctionDef, ast.ClassDef, ast.Call)) for node in ast.walk(tree))


def _decompressed(text: str) -> str | None:
    """Text that is compressed and in base64, pickled or not; the pickle is read without running it."""
    try:
        packed = base64.b64decode(text, validate=True)
        inflate = zlib.decompressobj()
        data = inflate.decompress(packed, MAX_UNPACKED)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if inflate.unconsumed_tail:
        raise ValueError(f"packed tests of more than {MAX_UNPACKED >> 20} MB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        loaded = _TextOnly(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, IndexError) as error:
        raise ValueError(f"packed tests that cannot be read: {error}") from None
    if not isinstance(loaded, str):
        raise ValueError("packed tests hold text")
    return loaded


class _TextOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(f"packed tests hold text, not {module}.{name}")


def lines(text: Any) -> str:
    """Standard input or output: text, a number as text, or a list of lines."""
    return "\n".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text)


def integer_keys(value: Any) -> Any:
    """JSON has only text for keys; where all keys of a mapping are integers as text, integers are meant.

    >>> integer_keys([{"1": 2}])
    [{1: 2}]
    """
    if isinstance(value, list):
        return [integer_keys(item) for item in value]
    if isinstance(value, Mapping):
        whole = bool(value) and all(isinstance(key, str) and key.lstrip("-").isdecimal() for key in value)
        return {int(key) if whole else key: integer_keys(item) for key, item in value.items()}
    return value
