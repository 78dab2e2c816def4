"""Whose fault an exception is, for the errors that clients raise."""

from __future__ import annotations

import errno
import socket
from concurrent.futures import Future
from urllib.error import HTTPError, URLError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import FormatJudge, JSONJudge, MathJudge, judge
from jurybox.judges.apart import apart
from jurybox.judges.blame import nobody_answered
from jurybox.judges.errors import Told
from jurybox.judges.workers.pool import NoWorker, WorkerDied, WorkerPool
from tests import judged


class ConnectTimeout(Exception):  # noqa: N818
    """As HTTP clients call it."""


class APIStatusError(Exception):
    """As the SDKs of model providers raise it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status_code = status


def wrapped(error: BaseException) -> Exception:
    try:
        raise RuntimeError("the client's own error") from error
    except RuntimeError as own:
        return own


NOBODYS = [
    ConnectionResetError(),
    socket.gaierror("no such host"),
    TimeoutError(errno.ETIMEDOUT, "Connection timed out"),
    URLError(TimeoutError("timed out")),  # the standard library wraps what failed before the request was sent
    ConnectTimeout(),
    NoWorker("out of memory"),
    *map(APIStatusError, (401, 402, 404, 429, 503, 529)),
]
COMPLETIONS = [
    TimeoutError(),
    wrapped(TimeoutError("read timed out")),
    HTTPError("http://localhost", 400, "filtered", {}, None),  # type: ignore[arg-type]
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    RecursionError(),
    MemoryError(),
    WorkerDied("killed"),
    *map(APIStatusError, (400, 403, 413, 422, 500)),
]


@pytest.mark.parametrize("error", NOBODYS, ids=repr)
def test_what_no_completion_can_bring_about(error):
    assert nobody_answered(error)
    if not isinstance(error, APIStatusError):
        assert nobody_answered(wrapped(error))


@pytest.mark.parametrize("error", COMPLETIONS, ids=repr)
def test_what_a_completion_may_have_caused(error):
    assert not nobody_answered(error)


@judge(timeout=5.0)
def right(completion):
    return True


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch):
    """A machine that can start no worker."""

    def submit(self: WorkerPool, *_: object, **__: object) -> Future[object]:
        future: Future[object] = Future()
        future.set_exception(NoWorker("no worker process could be started: out of memory"))
        return future

    monkeypatch.setattr(WorkerPool, "submit", submit)


@pytest.mark.parametrize(
    ("one", "completion", "columns"),
    [
        (FormatJudge(r"(a+)+b"), "a" * 40, {}),
        (JSONJudge({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {}]}}}), "{}", {}),
        (JSONJudge({"properties": {"a": {"pattern": "^(a+)+$"}}}, engine="jsonschema"), '{"a": "aaaa"}', {}),
        (MathJudge(), r"\boxed{\lim_{x \to 0} \frac{\sin x}{x}}", {"solution": "7"}),
        (judged.patient, "0", {}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_without_workers_only_the_rows_that_need_one_abstain(no_processes, one, completion, columns):
    verdict = one.verdict(completion, **columns)
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "exception"), verdict


class CursedError(Exception):
    pass


@given(st.lists(st.booleans(), max_size=40))
def test_apart_finds_those_that_break_it(rows):
    def ask(rows):
        if any(rows):
            raise CursedError
        return [len(rows)] * len(rows)

    said = apart(ask, rows)
    assert [isinstance(one, CursedError) for one in said] == rows
    assert {one for one in said if not isinstance(one, CursedError)} <= {rows.count(False)}


def test_apart_when_rows_break_it_only_together_or_nobody_answers_or_somebody_is_to_be_told():
    def together(rows):
        if {"a", "b"} <= set(rows):
            raise CursedError
        return rows

    assert [type(one) for one in apart(together, ["a", "c", "b"])] == [CursedError] * 3
    asked = []

    def down(rows):
        asked.append(rows)
        raise ConnectionRefusedError

    assert [type(one) for one in apart(down, [1, 2])] == [ConnectionRefusedError] * 2
    assert len(asked) == 1

    def tells(rows):
        raise Told("mend it")

    with pytest.raises(Told):
        apart(tells, [1, 2])
