"""`CodeJudge`: runs a completion's program against tests, in a box."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal, TypeVar

from ..errors import Told
from ..judge import Judge
from ..options import one_of
from ..sample import Sample, samples_of
from ..workers.cores import usable_cores
from .columns import TestColumns
from .comparison import Compare
from .extraction import Program, extract_program
from .languages.toolchains import ToolchainMissing
from .outside.isolation import LAYERS, LEVELS, IsolationReport, IsolationUnavailable
from .outside.limits import Limits
from .outside.pool import Pool
from .outside.server import ServerLost, ServerSettings
from .outside.session import Rules, Session
from .outside.waiting import Run, drive, drive_async
from .plan import Job, infrastructure_fault, no_program, outside_the_protocol, run_job, run_remotely
from .remote import Remote, RemoteUnavailable
from .remote.judging import RemoteSession
from .results import CodeVerdict
from .running import Listener, Ran
from .suite import Suite
from .syntax import named

logger = logging.getLogger("jurybox")
_Settings = TypeVar("_Settings", Limits, Compare)
# A worker process is sent the judge anew with every chunk of work: equal copies in one process share their servers.
_pools_of_copies: dict[tuple[ServerSettings, int, str], Pool] = {}
ATTEMPTS = 2  # a run whose server was lost is repeated once; a failed test never is


class NoTests(Told, ValueError):  # noqa: N818 - it says what the row has
    """A row's tests are in no known form: for the programmer to mend, and no fault of any completion."""


class CodeJudge(Judge):
    """Scores a completion by the share of tests that its program passes.

    >>> judge = CodeJudge()  # doctest: +SKIP
    >>> program = "```python\\nprint(int(input()) + 1)\\n```"
    >>> judge.verdict(program, tests=[{"stdin": "1", "stdout": "2"}])  # doctest: +SKIP
    CodeVerdict(1.0, 'passed', ...)

    The program is the last fenced Python block after the reasoning. It runs in a process of its own that can read
    the standard library and nothing else, write nothing, start nothing and reach nobody; its answers are compared
    here, where it cannot reach. `SECURITY.md` says what is promised. The column `tests` holds, for each completion,
    tests in one of the layouts that `layouts/` lists; a column `entry` may name the function to call, a column
    `language` the language. Programs that are no Python are built and run in a box of their own; see `box/foreign`.

    Args:
        tests: the column that holds the tests; or several, such as ("test", "entry_point", "prompt"), where the row's
            own columns are the layout. "prompt" there is the row's prompt.
        layout: the layout of all rows, one of `layouts.NAMES`; None to tell it by the keys.
        language: what programs are written in: "python", "cpp", "javascript", "bash" or "sql"; or several, of which the
            label of the fence says which. A row's column `language` says otherwise for that row.
        remote: runs the programs elsewhere, such as `SandboxFusion("http://...")`; for tests of what programs print.
        workers: programs that run at once; None for one a usable core.
        limits: time, memory and output of one program; as a mapping, what differs from the usual.
        reward: "fraction" of the tests passed, or "all": 1.0 only if every test passed, stopping at the first failure.
        reuse: "program" runs the tests of a program in one process, "test" gives each test a new one.
        isolation: "strict" raises where the machine does not offer it; "degraded" goes without and says so in every
            verdict; "none" keeps limits and kills only, for code that you trust.
        without: layers to leave out (see `isolation.LAYERS`); "strict" then checks whether the others suffice.
        compare: how outputs and values are compared.
        preload: modules to have ready beyond the standard library, such as "numpy"; no others can be imported.
        max_tests: run only so many tests of each program, chosen by the seed.
        stop_on_first_failure: None to do so exactly when reward="all".
        window: calls sent ahead of their answers; 1 where later inputs must not be known, or each call is timed.
        retry_starved: time that a program waits for a core is not its own: a test may take ten times its limit by the
            clock, is then repeated once, and a second time the judge abstains. False: the clock decides alone.
        allow_bare: take a completion without a fence for a program when it compiles.
        reveal_expected: put expected answers into the evidence; beware of evidence that is fed back to a model.
        trust_candidate_eq: let objects of the program decide their own comparisons in assert tests ("forgeable").
        on_infra_error: "none" abstains when the box itself fails twice, "raise" raises `ServerLost`.
        seed: of the program's `random`, and of `max_tests`.

    Reasons: "passed", or that of the first failing test: "wrong_answer", "runtime_error", "timeout", "memory_limit",
    "output_limit", "compile_error", "bad_reply", "missing_entry", "not_run" (the time for all tests was up); "no_code"
    (no program in the completion); "invalid_tests" (abstains: no test asks a program anything, or can be run);
    "checker_error" (abstains with an error: a checker returned no number in [0, 1]); "no_toolchain" (abstains: the
    row's language cannot be judged here); "starved" (abstains: a test twice found no core to run on, which no program
    can bring about); "infra_error" (abstains: the box failed twice).

    Raises:
        IsolationUnavailable: this machine cannot isolate as asked.
        ToolchainMissing: there is no compiler or interpreter for a language; the message says how to mend it.
        NoTests, ValueError: a row's tests, or an option, in no known form; the message says which.
    """

    optional = ("entry", "language")
    uses_all_cores = True

    def __init__(
        self,
        *,
        tests: str | Sequence[str] = "tests",
        layout: str | None = None,
        language: str | Sequence[str] = "python",
        remote: Remote | None = None,
        workers: int | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        reward: Literal["fraction", "all"] = "fraction",
        reuse: Literal["program", "test"] = "program",
        isolation: Literal["strict", "degraded", "none"] = "strict",
        without: Sequence[str] = (),
        compare: Compare | Mapping[str, Any] | None = None,
        preload: Sequence[str] = (),
        max_tests: int | None = None,
        stop_on_first_failure: bool | None = None,
        window: int = 16,
        retry_starved: bool = True,
        allow_bare: bool = False,
        reveal_expected: bool = False,
        trust_candidate_eq: bool = False,
        on_infra_error: Literal["none", "raise"] = "none",
        seed: int = 0,
    ) -> None:
        one_of("reward", reward, ("fraction", "all"))
        one_of("reuse", reuse, ("program", "test"))
        one_of("isolation", isolation, LEVELS)
        one_of("on_infra_error", on_infra_error, ("none", "raise"))
        for name, number in (("workers", workers), ("max_tests", max_tests), ("window", window)):
            if number is not None and number < 1:
                raise ValueError(f"{name} is at least 1, not {number!r}")
        self.languages = (named(language),) if isinstance(language, str) else tuple(map(named, language))
        self.remote = _remote(remote, self.languages)
        self._tests = TestColumns(tests, layout, self.languages, only_printed=remote is not None)
        self.columns = self._tests.required
        self.reads = ("text", "prompt_text") if self._tests.reads_prompt else "text"
        self.reward = reward
        self.max_tests = max_tests
        self.allow_bare = allow_bare
        self.on_infra_error = on_infra_error
        self.infra_errors = 0
        self.rules = Rules(
            limits=_settings("limits", limits, Limits()),
            compare=_settings("compare", compare, Compare()),
            reuse=reuse,
            window=window,
            stop_on_first_failure=reward == "all" if stop_on_first_failure is None else stop_on_first_failure,
            retry_starved=retry_starved,
            trust_candidate_eq=trust_candidate_eq,
            reveal_expected=reveal_expected,
            seed=seed,
        )
        self.isolation = isolation
        self.settings = ServerSettings(_layers(isolation, without), _modules(preload))
        self.workers = workers or usable_cores()
        self._pool = self._new_pool()
        for each in self.languages if remote is None else ():
            self._pool.of(each).warm()

    def _new_pool(self) -> Pool:
        if sys.platform != "linux":
            raise IsolationUnavailable(f"programs can be boxed in on Linux only, not on {sys.platform}")
        return Pool(self.settings, self.workers, self.isolation)

    @staticmethod
    def probe(without: Sequence[str] = (), language: str = "python") -> IsolationReport:
        """What this machine offers to programs in a language, found out by a trial; nothing hostile is run.

        Raises:
            ToolchainMissing, IsolationUnavailable: programs in that language cannot be judged here.
        """
        pool = Pool(ServerSettings(_layers("strict", without)), 1, "none")
        try:
            return pool.of(named(language)).warm()
        finally:
            pool.close()

    # Judging.

    async def averdict(self, completion: Any, prompt: Any = None, **columns: Any) -> CodeVerdict:
        """As `verdict`, on the running event loop and without blocking it; cancelling ends the program."""
        given = {name: [value] for name, value in columns.items()}
        self.require(given)
        (sample,) = samples_of([completion], None if prompt is None else [prompt], given)
        start = perf_counter()
        job = self._job(sample, self._suite(sample, 0))
        if isinstance(job, CodeVerdict):
            return job
        if self.remote is None:
            await asyncio.to_thread(self._pool.of(job.program.language).warm)
        return self._timed(await drive_async(self._judged(job)), perf_counter() - start)

    def _judge_batch(self, samples: Sequence[Sample]) -> Sequence[CodeVerdict]:
        suites: dict[Hashable, Suite] = {}
        places: dict[Hashable, dict[int, Program]] = {}
        jobs: dict[Hashable, Job] = {}
        verdicts: dict[int, CodeVerdict] = {}
        for place, sample in enumerate(samples):
            key = self._tests.key(sample)
            if key not in suites:
                suites[key] = self._suite(sample, place)
            job = self._job(sample, suites[key])
            if isinstance(job, CodeVerdict):
                verdicts[place] = job
            else:
                jobs.setdefault((job.program.code, key), job)
                places.setdefault((job.program.code, key), {})[place] = job.program

        def store(key: Hashable) -> Run[None]:
            verdict = yield from self._judged(jobs[key])
            verdicts.update({place: _at(program, verdict) for place, program in places[key].items()})

        runs: Iterator[Run[None]] = (store(key) for key in jobs)
        drive(runs, at_once=self.workers)
        return [verdicts[place] for place in range(len(samples))]

    def _unusable(self, sample: Sample) -> str:
        try:
            suite = self._suite(sample, sample.row)
        except NoTests as error:
            return str(error.__cause__)
        missing = [self._unavailable(language) for language in suite.languages]
        return missing[0] if all(missing) else ""

    def _unavailable(self, language: str) -> str:
        """Why programs in a language that a row names cannot be judged here, whatever they are; empty if they can."""
        if self.remote is not None:
            return "" if language in self.remote.languages else f"{self.remote!r} does not run {language} programs"
        if language == "python":
            return ""
        try:
            self._pool.of(language).warm()
        except (ToolchainMissing, IsolationUnavailable, ServerLost) as error:
            return str(error)
        return ""

    def _suite(self, sample: Sample, row: int) -> Suite:
        try:
            suite = self._tests.suite(sample)
            self.rules.of(suite)
        except ValueError as error:
            raise NoTests(f"row {row}: {error}") from error
        return suite

    def _job(self, sample: Sample, suite: Suite) -> Job | CodeVerdict:
        start = perf_counter()
        program = extract_program(sample.text, self.allow_bare, suite.subjects, suite.languages)
        if program is None or not program.code.strip():
            return no_program("no_code", perf_counter() - start)
        if why := self._unavailable(program.language):
            return CodeVerdict(None, "skipped", "no_toolchain", {"error": why})
        return Job(program, suite, self.rules.of(suite), self.reward, self.max_tests)

    def _judged(self, job: Job) -> Run[CodeVerdict]:
        """The verdict on one job, with a second attempt when the box failed, and never for another reason."""
        if self.remote is not None:
            return (yield from self._judged_remotely(job, self.remote))
        for attempt in range(1, ATTEMPTS + 1):
            server = None
            healthy = False
            try:
                pool = self._pool.of(job.program.language)
                server = yield from pool.lease()
                session = Session(server, job.program.code, job.rules, toolchain=pool.toolchain)
                verdict = yield from run_job(session, job)
                healthy = True
                return verdict
            except ServerLost as error:
                logger.warning("code server lost (attempt %d of %d): %s", attempt, ATTEMPTS, error)
                failure = error
            except Exception as error:  # a mistake of ours, which a program shall not be able to make for its good
                logger.exception("judging a program raised")
                return outside_the_protocol(error)
            finally:
                if server is not None:
                    pool.release(server, healthy)
        self.infra_errors += 1
        if self.on_infra_error == "raise":
            raise failure
        return infrastructure_fault(failure, self._pool.of(job.program.language).report)

    def _judged_remotely(self, job: Job, remote: Remote) -> Run[CodeVerdict]:
        session = RemoteSession(remote, job.program.code, job.program.language, job.rules)
        try:
            return (yield from run_remotely(session, job))
        except RemoteUnavailable as error:
            logger.warning("%s", error)
            self.infra_errors += 1
            if self.on_infra_error == "raise":
                raise
            return infrastructure_fault(error, session.report)

    def run(self, programs: Sequence[str], stdin: str = "") -> list[Ran]:
        """What programs print, without a test: each is Python source, and runs in the box under the judge's limits.

        Equal programs run once. A program never raises here: what went wrong is in `Ran.error`.
        """
        listeners = {program: Listener(stdin) for program in programs}
        outcomes: dict[str, Ran] = {}

        def store(source: str) -> Run[None]:
            job = Job(Program(source, (0, len(source))), listeners[source].suite(), self.rules, "fraction")
            outcomes[source] = listeners[source].ran((yield from self._judged(job)))

        drive((store(source) for source in listeners), at_once=self.workers)
        return [outcomes[program] for program in programs]

    def _timed(self, verdict: CodeVerdict, seconds: float) -> CodeVerdict:
        return (
            verdict
            if verdict.seconds
            else CodeVerdict(verdict.score, verdict.status, verdict.reason, verdict.evidence, seconds)
        )

    # Lifetime.

    def close(self) -> None:
        """End the servers. A judge that is used again starts new ones."""
        for key, pool in list(_pools_of_copies.items()):
            if pool is self._pool:
                del _pools_of_copies[key]
        self._pool.close()
        self._pool = self._new_pool()

    def __getstate__(self) -> Mapping[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_pool"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        if self._written_kwargs.get("workers") is None:  # the process that it came to may share its cores
            self.workers = usable_cores()
        key = (self.settings, self.workers, self.isolation)
        self._pool = _pools_of_copies.get(key) or _pools_of_copies.setdefault(key, self._new_pool())


def _settings(option: str, given: _Settings | Mapping[str, Any] | None, usual: _Settings) -> _Settings:
    if given is None:
        return usual
    if isinstance(given, Mapping):
        return usual.with_changes(given)
    if not isinstance(given, type(usual)):
        raise TypeError(f"{option} is {type(usual).__name__}(…) or a mapping of its fields, not {given!r:.80}")
    return given


def _remote(remote: Remote | None, languages: Sequence[str]) -> Remote | None:
    if remote is not None and not isinstance(remote, Remote):
        raise TypeError(f"remote has `languages` and `run`, as SandboxFusion has, not {remote!r}")
    if remote is not None and (others := set(languages) - set(remote.languages)):
        raise ValueError(f"{remote!r} does not run {min(others)} programs; it runs {', '.join(remote.languages)}")
    return remote


def _layers(isolation: str, without: Sequence[str]) -> tuple[str, ...]:
    unknown = set(without) - LAYERS.keys()
    if isinstance(without, str) or unknown:
        raise ValueError(f"without lists layers of {', '.join(LAYERS)}; got {without!r}")
    return () if isolation == "none" else tuple(layer for layer in LAYERS if layer not in without)


def _modules(preload: Sequence[str]) -> tuple[str, ...]:
    if isinstance(preload, str) or not all(isinstance(name, str) and name for name in preload):
        raise ValueError(f"preload is a list of module names, not {preload!r}")
    return tuple(preload)


def _at(program: Program, verdict: CodeVerdict) -> CodeVerdict:
    """The verdict on the same program in another completion, where it stood elsewhere."""
    span = list(program.span)
    if verdict.evidence.get("span", span) == span:
        return verdict
    evidence = {**verdict.evidence, "span": span}
    return CodeVerdict(verdict.score, verdict.status, verdict.reason, evidence, verdict.seconds)
