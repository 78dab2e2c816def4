"""The validator of the `jsonschema-rs` package: compiled, linear patterns, some hundred times faster."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema_rs

from .references import REFERENCES, References
from .violation import FALSE, Violation, cut, shortened


class Fast:
    """One schema, compiled with `jsonschema-rs`."""

    name = "jsonschema-rs"

    def __init__(self, schema: Any, references: References, formats: bool) -> None:
        # Its list of errors explores every branch of every branch: 96 s for an instance 18 deep. Such schemas
        # are risky in both validators.
        self.risky = references.recursive and references.branching
        try:
            self.validator = jsonschema_rs.validator_for(schema, validate_formats=formats, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(f"not a JSON schema: {cut(str(error))}") from None

    def risk(self, size: int) -> bool:
        """Whether validating an instance needs a deadline."""
        return self.risky

    def is_valid(self, instance: Any) -> bool:
        return bool(self.validator.is_valid(instance))

    def violations(self, instance: Any, limit: int) -> list[Violation]:
        return [_violation(error) for error in itertools.islice(self.validator.iter_errors(instance), limit)]


def _violation(error: Any) -> Violation:
    # The path that was walked, without the references on it: as `jsonschema` says it.
    path = tuple(step for step in error.evaluation_path if step not in REFERENCES)
    keyword = FALSE if error.kind.name == FALSE or not path else str(path[-1])
    return Violation(tuple(error.instance_path), path, keyword, cut(error.message), shortened(error.instance))


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")
