"""A schema made ready to judge instances: the fastest validator there is, within a deadline where one is needed."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from concurrent.futures import Future
from typing import Any, Literal, Protocol, get_args

from ..workers.pool import shared_pool
from .violation import Violation, in_document_order

Engine = Literal["auto", "jsonschema-rs", "jsonschema"]
ENGINES: tuple[str, ...] = get_args(Engine)
MAX_ERRORS = 1_000  # violations looked for in one instance
STACK = 20_000  # frames a worker may use: `jsonschema` needs some ten for each level of a recursive schema


class Compiled(Protocol):
    """What an engine gives: a schema compiled once."""

    name: str

    def risk(self, size: int) -> bool: ...
    def is_valid(self, instance: Any) -> bool: ...
    def violations(self, instance: Any, limit: int) -> list[Violation]: ...


class Validator:
    """A compiled schema.

    >>> compiled('{"type": "object", "required": ["a"]}').check({}, 2)[0].message
    '"a" is a required property'

    Raises:
        ValueError: the schema is no JSON schema, or refers to something outside itself.
    """

    def __init__(self, text: str, engine: Engine, formats: bool) -> None:
        self.text = text
        self.schema = json.loads(text)
        if not isinstance(self.schema, (dict, bool)):
            raise ValueError(f"a JSON schema is an object or a boolean, not {text:.60}")
        from .references import References  # `jsonschema` takes longer to import than this whole package

        references = References(self.schema)
        self.engine: Engine = available() if engine == "auto" else engine
        self.formats = formats
        self.compiled: Compiled = _engine(self.engine)(self.schema, references, formats)

    def check(self, instance: Any, size: int, timeout: float | None = 2.0) -> list[Violation]:
        """The violations, in document order; none when the instance is valid.

        Args:
            size: how long the instance is as text.

        Raises:
            DeadlineExceeded: they were not found in `timeout` seconds.
        """
        if self.compiled.risk(size):
            return self.submit(instance, timeout).result()
        return self.check_here(instance)

    def check_here(self, instance: Any) -> list[Violation]:
        """As `check`, in this process, whatever it takes."""
        if self.compiled.is_valid(instance):
            return []
        return in_document_order(self.compiled.violations(instance, MAX_ERRORS), instance)

    def submit(self, instance: Any, timeout: float | None) -> Future[list[Violation]]:
        """As `check`, in a worker process that is killed at its deadline."""
        pool = shared_pool(preload=(__name__,))
        return pool.submit(_check_in_worker, self.text, self.engine, self.formats, instance, timeout=timeout)


def available() -> Engine:
    """The fastest engine that is installed."""
    return "jsonschema-rs" if importlib.util.find_spec("jsonschema_rs") else "jsonschema"


@functools.lru_cache(maxsize=256)
def compiled(text: str, engine: Engine = "auto", formats: bool = False) -> Validator:
    """The validator for a schema given as JSON text; compiled once per text."""
    return Validator(text, engine, formats)


def schema_text(schema: Any) -> str:
    """A schema as the text it is known by.

    Raises:
        ValueError: it is neither JSON text nor data that JSON can hold.
    """
    try:
        if isinstance(schema, str):
            json.loads(schema)
            return schema
        return json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"a schema is a mapping or JSON text, not {schema!r:.80} ({error})") from None


def _engine(name: Engine) -> Any:
    if name == "jsonschema":
        from .standard import Standard

        return Standard
    try:
        from .fast import Fast
    except ImportError:
        raise ValueError("engine='jsonschema-rs' is not installed: pip install 'jurybox[fast]'") from None
    return Fast


def _check_in_worker(text: str, engine: Engine, formats: bool, instance: Any) -> list[Violation]:
    sys.setrecursionlimit(STACK)
    return compiled(text, engine, formats).check_here(instance)
