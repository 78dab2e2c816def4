"""The validator of the `jsonschema` package, kept compiled and guarded.

Changed against the package: `multipleOf` is exact (19.99 is a multiple of 0.01), `uniqueItems` is linear, patterns
are read as JavaScript's (the package raises on `\\p{Letter}`, takes `$` before a final line break and `\\d` for any
script's digits). What cannot be bounded here (recursive schemas, patterns that backtrack, instances of many
characters) is said by `Standard.risk`, for the caller to run it where it can be killed.

What remains different from `jsonschema-rs`: properties of characters other than general categories
(`\\p{Script=Greek}`) are refused when the judge is built, and messages are worded differently.
"""

from __future__ import annotations

import copy
import functools
import itertools
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import jsonschema
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from ..patterns import affordable, degree
from .ecma import to_python, without_optional_runs
from .formats import with_ours
from .references import REFERENCES, References
from .violation import FALSE, Violation, cut, shortened

SMALL = 20_000  # characters of an instance up to which every rule is cheap


class Standard:
    """One schema, compiled with `jsonschema`."""

    name = "jsonschema"

    def __init__(self, schema: Any, references: References, formats: bool) -> None:
        self.original: dict[str, str] = {}  # pattern as Python has it -> as it was written
        schema, self.degree = self._translated(schema)
        self.recursive = references.recursive
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"not a JSON schema: {cut(error.message)} (at {error.json_path})") from None
        checker = with_ours(kind.FORMAT_CHECKER) if formats else None
        self.validator = _guarded(kind)(schema, registry=REGISTRY, format_checker=checker)

    def risk(self, size: int) -> bool:
        """Whether validating an instance of `size` characters needs a deadline."""
        return self.recursive or size > SMALL or not affordable(self.degree, size)

    def is_valid(self, instance: Any) -> bool:
        return bool(self.validator.is_valid(instance))

    def violations(self, instance: Any, limit: int) -> list[Violation]:
        errors = itertools.islice(self.validator.iter_errors(instance), limit)
        return [self._violation(error) for error in errors]

    def _violation(self, error: ValidationError) -> Violation:
        message, path = error.message, tuple(error.absolute_schema_path)
        for ours, written in self.original.items():
            message = message.replace(repr(ours), repr(written))
            path = tuple(written if step == ours else step for step in path)
        path = tuple(step for step in path if step not in REFERENCES)
        keyword = error.validator if isinstance(error.validator, str) else FALSE
        return Violation(tuple(error.absolute_path), path, keyword, cut(message), shortened(error.instance))

    def _translated(self, schema: Any) -> tuple[Any, float]:
        """The schema with its patterns in Python's notation, and the highest degree among them."""
        schema = copy.deepcopy(schema)
        power: float = 1
        for part in References(schema).parts:
            if isinstance(part.get("pattern"), str):
                part["pattern"], power = self._pattern(part["pattern"], power)
            if isinstance(part.get("patternProperties"), dict):
                rules = {}
                for pattern, rule in part["patternProperties"].items():
                    pattern, power = self._pattern(pattern, power)
                    rules[pattern] = rule
                part["patternProperties"] = rules
        return schema, power

    def _pattern(self, pattern: str, power: float) -> tuple[str, float]:
        ours = without_optional_runs(to_python(pattern))
        try:
            power = max(power, degree(ours))
        except re.error as error:
            raise ValueError(f"the schema holds {pattern!r:.80}, which is no regular expression: {error}") from None
        if ours != pattern:
            self.original[ours] = pattern
        return ours, power


@functools.cache
def _guarded(kind: Any) -> Any:
    return jsonschema.validators.extend(kind, {"multipleOf": _multiple_of, "uniqueItems": _unique_items})


def _multiple_of(validator: Any, step: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and not _is_multiple(instance, step):
        yield ValidationError(f"{instance!r} is not a multiple of {step!r}")


def _is_multiple(number: int | float, step: int | float) -> bool:
    if isinstance(number, int) and isinstance(step, int):
        return number % step == 0
    if not math.isfinite(number):
        return False
    return Fraction(repr(number)) % Fraction(repr(step)) == 0


def _unique_items(validator: Any, unique: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if unique and validator.is_type(instance, "array"):
        seen = set()
        for item in instance:
            key = identity(item)
            if key in seen:
                yield ValidationError(f"{shortened(instance)} has non-unique elements")
                return
            seen.add(key)


def identity(value: Any) -> Any:
    """A hashable stand-in: equal exactly for values that JSON Schema calls equal (1 is 1.0, and is not true)."""
    if isinstance(value, bool) or value is None:
        return (value, None)
    if isinstance(value, dict):
        return frozenset((key, identity(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(identity(item) for item in value)
    return value
