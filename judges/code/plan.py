"""A whole program: which tests are selected, what runs them, and the verdict that comes of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any, Literal

from .extraction import Program
from .languages.runners import runners
from .outside.isolation import IsolationReport
from .outside.session import Rules, Session
from .outside.waiting import Run
from .remote.judging import RemoteSession
from .results import CodeVerdict, TestResult, plain, shown
from .suite import AssertTest, CallTest, SourceTest, SqlTest, StdioTest, Suite, Test


@dataclass(frozen=True)
class Job:
    """A program, its suite and the rules: equal jobs have equal verdicts."""

    program: Program
    suite: Suite
    rules: Rules
    reward: Literal["fraction", "all"]
    max_tests: int | None = None

    def selected(self) -> Suite:
        """The suite with at most `max_tests` tests, chosen by the seed alone, never by an outcome."""
        tests = self.suite.tests
        if self.max_tests is None or len(tests) <= self.max_tests:
            return self.suite
        places = sorted(random.Random(self.rules.seed).sample(range(len(tests)), self.max_tests))
        return replace(self.suite, tests=tuple(tests[place] for place in places))


def run_job(session: Session, job: Job) -> Run[CodeVerdict]:
    """The verdict on one program."""
    suite = job.selected()
    session.entry, session.prefix, session.starter = suite.entry, suite.prefix, suite.starter
    results: dict[int, TestResult] = {}
    try:
        for kind, run in runners(job.program.language):
            places = [place for place, test in enumerate(suite.tests) if isinstance(test, kind)]
            for group in _groups(places, session.rules.reuse if job.program.language == "python" else "program"):
                if session.rules.stop_on_first_failure and any(
                    not (result.passed or result.at_fault) for result in results.values()
                ):
                    break
                found = yield from run(session, [suite.tests[place] for place in group])
                results.update(zip(group, found, strict=True))
    finally:
        session.abandon()
    ordered = [results.get(place, TestResult("not_run")) for place in range(len(suite.tests))]
    return verdict_of(job, suite, ordered, session)


def run_remotely(session: RemoteSession, job: Job) -> Run[CodeVerdict]:
    """The verdict on one program that a remote runner runs. Raises RemoteUnavailable."""
    suite = job.selected()
    return verdict_of(job, suite, (yield from session.results(suite)), session)


def _groups(places: list[int], reuse: str) -> list[list[int]]:
    """What shares a child: everything of a kind, or nothing."""
    if not places:
        return []
    return [[place] for place in places] if reuse == "test" else [places]


def verdict_of(job: Job, suite: Suite, results: Sequence[TestResult], session: Session | RemoteSession) -> CodeVerdict:
    """The score, and the evidence a person needs to believe it. A test that is itself at fault counts for nothing."""
    counted = [result for result in results if not result.at_fault]
    passed = all(result.passed for result in counted)
    share = sum(result.score for result in counted) / max(len(counted), 1)
    failures = sorted((result.at_fault, place) for place, result in enumerate(results) if not result.passed)
    first = failures[0][1] if failures else None
    evidence = _evidence(job, session)
    evidence["tests"] = [plain(result) for result in results]
    evidence["usage"] = asdict(session.usage)
    if first is not None:
        evidence["first_failure"] = _failure(job, suite.tests[first], results[first], first)
        if session.stderr:
            evidence["stderr"] = session.stderr
    seconds = monotonic() - session.began
    if not counted:  # the tests are at fault, not the program
        return CodeVerdict(None, "skipped", "invalid_tests", evidence, seconds)
    if any(result.label == "checker_error" for result in counted):
        return CodeVerdict(None, "error", "checker_error", evidence, seconds)
    failed = any(not result.passed and result.label not in ("starved", "not_run") for result in counted)
    if any(result.label == "starved" for result in counted) and not (job.reward == "all" and failed):
        return CodeVerdict(None, "timeout", "starved", evidence, seconds)
    score = float(passed) if job.reward == "all" else share
    return CodeVerdict(score, "scored", "passed" if passed else results[first or 0].label, evidence, seconds)


def _evidence(job: Job, session: Session | RemoteSession) -> dict[str, Any]:
    evidence: dict[str, Any] = {"span": list(job.program.span), "isolation": session.report.to_dict()}
    if job.program.notes:
        evidence["notes"] = list(job.program.notes)
    if job.rules.trust_candidate_eq and any(isinstance(test, AssertTest) for test in job.suite.tests):
        evidence["forgeable"] = True
    return evidence


def _failure(job: Job, test: Test, result: TestResult, place: int) -> dict[str, Any]:
    """The first failing test. What was expected only on demand: evidence may be fed back to a model."""
    failure: dict[str, Any] = {"test": place, "label": result.label}
    if isinstance(test, StdioTest):
        failure["input"] = shown(test.stdin)
    elif isinstance(test, SqlTest):
        failure["input"] = shown(test.setup)
    elif isinstance(test, CallTest):
        failure["input"] = shown(", ".join([*map(repr, test.args), *(f"{k}={v!r}" for k, v in test.kwargs.items())]))
    if result.got is not None:
        failure["got"] = result.got
    if result.detail:
        failure["detail"] = result.detail
    if job.rules.reveal_expected:
        failure["expected"] = [shown(str(answer)) for answer in _accepted(test)]
    return failure


def _accepted(test: Test) -> Sequence[Any]:
    if isinstance(test, (AssertTest, SourceTest)):
        return [test.source]
    if isinstance(test, SqlTest):
        return [test.reference] if test.rows is None else test.rows
    return test.accepted


def no_program(reason: str, seconds: float, evidence: dict[str, Any] | None = None) -> CodeVerdict:
    """The verdict on a completion in which there is nothing to run."""
    return CodeVerdict(0.0, "scored", reason, evidence or {}, seconds)


def outside_the_protocol(error: Exception) -> CodeVerdict:
    """The verdict on a program that made this side of the wall raise: whatever it did, it is not excused for it."""
    return CodeVerdict(0.0, "scored", "bad_reply", {"error": f"{type(error).__name__}: {error}"[:500]})


def infrastructure_fault(error: Exception, report: IsolationReport | None) -> CodeVerdict:
    """The verdict when the box failed twice: it abstains."""
    evidence: dict[str, Any] = {"error": str(error)[:500]}
    if report is not None:
        evidence["isolation"] = report.to_dict()
    return CodeVerdict(None, "error", "infra_error", evidence)
