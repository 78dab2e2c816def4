"""Is the answer JSON, of the right shape, with the right content?"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from ..judge import Judge
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from ..workers.pool import DeadlineExceeded, NoWorker, WorkerDied
from .credit import Credit
from .extract import MAX_CHARS, Extraction, Level, extract
from .match import expected_value, first_difference, share_equal
from .options import CreditRule, check_options
from .strict import Malformed
from .validator import MAX_ERRORS, Engine, Validator, compiled, schema_text
from .violation import Violation, pointer, shortened

SHOWN = 8  # violations that a verdict lists
_LATEX = re.compile(r"(?<!\\)\\[bf][A-Za-z]{2}")


@dataclass(slots=True)
class _Row:
    """One completion on its way to a verdict."""

    text: str
    extraction: Extraction
    validator: Validator | None
    expected: Any
    checked: list[Violation] | Future[list[Violation]]


class JSONJudge(Judge):
    """Scores a completion that has to be JSON: 1 when it is, and is valid, and is what was expected.

    >>> schema = {"type": "object", "required": ["answer"], "properties": {"answer": {"type": "integer"}}}
    >>> JSONJudge(schema).verdict('Sure: {"answer": "42"}')
    Verdict(0.0, 'schema violated', level='extract', where='prose', …)
    >>> JSONJudge(schema, level="repair").verdict("{'answer': 42,}").score
    0.9

    Reasons of a score above 0: "valid", "partly valid", "equal", "partly equal". Of a score of 0: "no json",
    "syntax error", "duplicate key", "not a finite number", "lone surrogate", "too deep", "too long", "too many
    digits", "trailing text", "two values", "unfinished thinking", "schema violated", "not equal", "timeout". Of
    no score: "unusable schema", "unusable expected value" (the row's, not the completion's, fault).

    Args:
        schema: a JSON schema as a mapping, a boolean or JSON text. A bad one, or one that refers to something
            outside itself, is a ValueError here.
        level: "strict" (the whole text is JSON), "extract" (thinking is removed; the last fenced block, else the
            last object) or "repair" (as extract, and slips of form are mended, at a discount). The level that was
            needed is in the evidence.
        credit: "all", or "partial" for the share of the schema that is satisfied (see `credit.Credit`).
        schema_column: the column that holds each row's schema, instead of `schema`.
        expected: the column that holds each row's expected value (JSON text or data); 1 equals 1.0.
        discount: what an answer that had to be mended loses, as a share.
        weights: for partial credit: by JSON pointer, how many times a part counts.
        formats: whether "format" is checked; the standard leaves it a remark.
        engine: "jsonschema-rs", "jsonschema", or "auto" for the faster one that is installed.
        timeout: seconds for an instance that is risky to validate (recursive schemas, patterns that backtrack);
            it is validated in a process that is then killed.
    """

    reads = "text"

    def __init__(
        self,
        schema: Mapping[str, Any] | bool | str | None = None,
        *,
        level: Level = "extract",
        credit: CreditRule = "all",
        schema_column: str | None = None,
        expected: str | None = None,
        discount: float = 0.1,
        weights: Mapping[str, float] | None = None,
        formats: bool = False,
        engine: Engine = "auto",
        timeout: float = 2.0,
        max_chars: int = MAX_CHARS,
    ) -> None:
        check_options(level, credit, engine, discount, weights, timeout)
        if schema is not None and schema_column is not None:
            raise ValueError("give either schema or schema_column: they name the same thing")
        self.level = level
        self.credit = credit
        self.schema_column = schema_column
        self.expected = expected
        self.discount = discount
        self.weights = dict(weights or {})
        self.formats = formats
        self.engine = engine
        self.timeout = timeout
        self.max_chars = max_chars
        self.columns = tuple(column for column in (schema_column, expected) if column is not None)
        self.text = None if schema is None else schema_text(schema)
        if self.text is not None:
            self._validator(self.text)

    def _validator(self, text: str) -> Validator:
        return compiled(text, self.engine, self.formats)

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        # Risky instances are all on their way to the workers before the first is waited for.
        begun = [self._begun(sample) for sample in samples]
        return [self._done(row, seconds) for row, seconds in begun]

    def _begun(self, sample: Sample) -> tuple[_Row | Verdict, float]:
        start = perf_counter()
        try:
            row: _Row | Verdict = self._row(sample)
        except Malformed as error:
            row = self._malformed(sample, error)
        except Exception as error:
            row = self.failed(error)
        return row, perf_counter() - start

    def _done(self, row: _Row | Verdict, seconds: float) -> Verdict:
        start = perf_counter()
        if isinstance(row, _Row):
            try:
                row = self._scored(row)
            except Exception as error:
                row = self.failed(error)
        return self._finished(row, seconds + perf_counter() - start)

    def _unusable(self, sample: Sample) -> str:
        try:
            said = self._row(sample)
        except Malformed:  # the empty completion: the columns, which are read first, are fine
            return ""
        return skipped(said if isinstance(said, Verdict) else None)

    def _row(self, sample: Sample) -> _Row | Verdict:
        validator = None
        try:
            text = self.text if self.schema_column is None else schema_text(sample[self.schema_column])
            validator = None if text is None else self._validator(text)
        except ValueError as error:
            return Verdict(None, "skipped", "unusable schema", {"error": str(error)})
        expected = None
        if self.expected is not None:
            try:
                expected = expected_value(sample[self.expected])
            except ValueError as error:
                return Verdict(None, "skipped", "unusable expected value", {"error": str(error)})
        answer = _answer_text(sample, self.level)
        found = extract(answer, self.level, prefer=_wanted(validator), max_chars=self.max_chars)
        return _Row(answer, found, validator, expected, self._checked(found, validator))

    def _checked(self, found: Extraction, validator: Validator | None) -> list[Violation] | Future[list[Violation]]:
        size = found.end - found.start
        if validator is None:
            return []
        if validator.compiled.risk(size):
            return validator.submit(found.value, self.timeout)
        return validator.check_here(found.value)

    def _malformed(self, sample: Sample, error: Malformed) -> Verdict:
        where = error.position(_answer_text(sample, self.level))
        return Verdict(0.0, reason=error.problem, evidence={"detail": error.detail, **where})

    def _scored(self, row: _Row) -> Verdict:
        found = row.extraction
        evidence: dict[str, Any] = {"level": found.level, "where": found.where}
        if found.repairs:
            evidence["repairs"] = [f"{repair} at {offset}" for repair, offset in found.repairs]
        if "\\f" in row.text or "\\b" in row.text:
            self._flag_latex(row, evidence)
        try:
            violations = row.checked.result() if isinstance(row.checked, Future) else row.checked
        except NoWorker as error:
            return self.failed(error)
        except (DeadlineExceeded, WorkerDied, MemoryError) as error:
            return Verdict(0.0, "timeout", "timeout", {**evidence, "error": str(error)})
        score, reason = self._schema_score(row, violations, evidence)
        if self.expected is not None and score > 0.0:
            score, reason = self._equality_score(row, score, evidence)
        if found.repairs:
            score *= 1.0 - self.discount
        return Verdict(score, reason=reason, evidence=evidence)

    def _flag_latex(self, row: _Row, evidence: dict[str, Any]) -> None:
        """Legal, and hardly ever meant: `\\frac` in a JSON string is a form feed and "rac"."""
        suspect = _LATEX.search(row.text, row.extraction.start, row.extraction.end)
        if suspect:
            evidence["suspect"] = f"{suspect.group()} at {suspect.start()} is read as a control character"

    def _schema_score(self, row: _Row, violations: list[Violation], evidence: dict[str, Any]) -> tuple[float, str]:
        if not violations:
            return 1.0, "valid"
        first = violations[0]
        evidence["error"] = f"{pointer(first.path) or 'the value'}: {first.message}"
        evidence["errors"] = [violation.to_dict() for violation in violations[:SHOWN]]
        if len(violations) > SHOWN:
            evidence["more_errors"] = len(violations) - SHOWN
        if self.credit == "all" or len(violations) >= MAX_ERRORS:  # what was not counted must not pay
            return 0.0, "schema violated"
        assert row.validator is not None
        score = self._credit(row.validator).of(row.extraction.value, violations)
        return score, "partly valid" if score else "schema violated"

    def _credit(self, validator: Validator) -> Credit:
        return _credit(validator, tuple(sorted(self.weights.items())))

    def _equality_score(self, row: _Row, score: float, evidence: dict[str, Any]) -> tuple[float, str]:
        different = first_difference(row.extraction.value, row.expected)
        if different is None:
            return score, "equal" if score == 1.0 else "partly valid"
        evidence["differs_at"] = pointer(different)
        evidence["expected"] = shortened(row.expected)
        share = share_equal(row.extraction.value, row.expected) if self.credit == "partial" else 0.0
        return min(score, share), "partly equal" if share else "not equal"


@functools.lru_cache(maxsize=256)
def _credit(validator: Validator, weights: tuple[tuple[str, float], ...]) -> Credit:
    return Credit(validator.schema, dict(weights))


def _answer_text(sample: Sample, level: Level) -> str:
    """What is judged: reasoning that a message keeps in a field of its own never is part of a strict answer."""
    text = sample.text
    if level == "strict" and not isinstance(sample.completion, str) and text.startswith("<think>\n"):
        return text.partition("\n</think>\n")[2]
    return text


def _wanted(validator: Validator | None) -> str | None:
    schema = validator.schema if validator is not None else None
    wanted = schema.get("type") if isinstance(schema, dict) else None
    return wanted if isinstance(wanted, str) else None
