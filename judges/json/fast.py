"""The validator of the `jsonschema-rs` package: compiled, linear patterns, some hundred times faster."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import jsonschema_rs

from .references import REFERENCES, References
from .violation import FALSE, Path, Violation, cut, shortened

STEPS = 1_000_000  # alternatives times characters that are tried in some tenths of a second


class Fast:
    """One schema, compiled with `jsonschema-rs`."""

    name = "jsonschema-rs"

    def __init__(self, schema: Any, references: References, formats: bool) -> None:
        # Its list of errors explores every branch of every branch: 96 s for an instance 18 deep. Such schemas
        # are risky in both validators.
        self.risky = references.recursive and references.branching
        self.alternatives = references.alternatives
        try:
            self.validator = jsonschema_rs.validator_for(schema, validate_formats=formats, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(f"not a JSON schema: {cut(str(error))}") from None

    def risk(self, size: int) -> bool:
        """Whether validating an instance needs a deadline."""
        return self.risky or self.alternatives * size > STEPS

    def is_valid(self, instance: Any) -> bool:
        return bool(self.validator.is_valid(instance))

    def violations(self, instance: Any, limit: int) -> list[Violation]:
        errors = itertools.islice(self.validator.iter_errors(instance), limit)
        return [_violation(error, instance) for error in errors]


def _violation(error: Any, instance: Any) -> Violation:
    # The path that was walked, without the references on it: as `jsonschema` says it.
    path = tuple(step for step in error.evaluation_path if step not in REFERENCES)
    keyword = FALSE if error.kind.name == FALSE or not path else str(path[-1])
    place = _typed(error.instance_path, instance)
    return Violation(place, path, keyword, cut(error.message), shortened(error.instance))


def _typed(path: Iterable[str | int], instance: Any) -> Path:
    """The path with the keys of objects as they are: the package gives a key such as "07" as the number 7."""
    steps: list[str | int] = []
    for step in path:
        if isinstance(instance, dict) and isinstance(step, int):
            step = str(step) if str(step) in instance else next(key for key in instance if _reads_as(key, step))
        steps.append(step)
        instance = instance[step]
    return tuple(steps)


def _reads_as(key: str, number: int) -> bool:
    return key.removeprefix("+").isdecimal() and int(key) == number


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")
