"""`Remote`: a reward like any other, whatever happens to its service."""

from __future__ import annotations

import json
import pickle
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

pytest.importorskip("fastapi")
from jurybox.judges.errors import JuryboxError
from jurybox.judges.preflight import PreflightError
from jurybox.judges.sample import MissingColumn
from jurybox.rewards import Remote
from jurybox.rewards.service import Limits

from .serving import comparing, graded, serving, unbounded

COMPLETIONS = ["5", "the sum is 5", "6", "", "\ud800 5"] * 9
GOLD = ["5", "6", "5"] * 15


@pytest.fixture(scope="module")
def service():
    with serving(graded, Limits(workers=2)) as url:
        yield url


def test_options_are_checked_when_it_is_made():
    with pytest.raises(ValueError, match="base_url is an address"):
        Remote("judges:8000")
    with pytest.raises(ValueError, match="batch must be more than 0"):
        Remote("http://judges", batch=0)
    assert repr(Remote("http://judges/") * 2) == "2 * Remote('http://judges')"
    assert Remote("http://judges/") == Remote("http://judges")


@pytest.mark.slow
class TestWithAService:
    def test_it_says_what_the_reward_says(self, service):
        remote, local = Remote(service, batch=7), graded()
        assert remote.bounds == local.bounds
        there, here = (each.verdicts(COMPLETIONS, solution=GOLD) for each in (remote, local))
        assert [verdict.score for verdict in there] == [verdict.score for verdict in here]
        assert [verdict.labels for verdict in there] == [verdict.labels for verdict in here]
        assert there[0].parts[0].evidence == here[0].parts[0].evidence

    def test_it_is_composed_pickled_and_logged(self, service):
        reward = pickle.loads(pickle.dumps((0.5 * Remote(service).named("there") - 0.1).clip(0.0, 1.0)))
        logged = {}
        assert reward(completions=["5", "6"], solution=["5", "5"], log_metric=logged.__setitem__) == [0.5, 0.0]
        assert logged["there/math/score"] == 0.5
        assert logged["there/score"] == 0.7

    def test_columns_and_preflight_are_the_servers(self, service):
        with pytest.raises(MissingColumn, match="reads the column 'solution'"):
            Remote(service).verdict("5")
        with pytest.raises(PreflightError, match="remote: math: unusable gold: row 1"):
            Remote(service).preflight([{"solution": "5"}, {"solution": ""}])

    def test_columns_that_nobody_reads_are_not_sent(self, service):
        assert Remote(service).verdict("5", solution="5", picture=object()).score == 1.2
        with pytest.raises(JuryboxError, match="solution cannot be sent to a service as JSON"):
            Remote(service).verdict("5", solution=object())

    def test_a_completion_that_is_too_large_earns_the_least(self, service):
        verdict, other = Remote(service).verdicts(["x" * (20 << 20), "5"], solution=["5", "5"])
        assert (verdict.score, verdict.reason) == (0.0, "too long for the service")
        assert other.score == 1.2
        row = Remote(service).verdict("5", solution="5" * (20 << 20))
        assert (row.score, row.reason) == (None, "row too large")

    def test_a_wrong_address_is_told(self, service):
        with pytest.raises(JuryboxError, match="HTTP 404"):
            Remote(f"{service}/elsewhere").verdict("5", solution="5")


@pytest.mark.slow
def test_rows_that_are_compared_go_together():
    with serving(comparing) as url:
        completions = ["x" * n for n in range(20)]
        scores = Remote(url, batch=3)(completions=completions, prompts=["p"] * 20)
    assert scores == [0.0] * 19 + [1.0]


@pytest.mark.slow
def test_a_token_from_the_environment(monkeypatch):
    with serving(unbounded, token="secret") as url:
        with pytest.raises(JuryboxError, match="wants its token"):
            Remote(url).verdict("abc")
        monkeypatch.setenv("JURYBOX_TOKEN", "secret")
        assert Remote(url).verdict("abc").score == -3.0


DESCRIPTION = {"columns": [], "optional": [], "every_column": False, "together": False, "bounds": [0, 1]}


class Flaky(BaseHTTPRequestHandler):
    """Answers what the test says, one answer after the other; then a score of 1 for each row."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[list] = []

    def do_GET(self):
        self._send(200, json.dumps(DESCRIPTION))

    def do_POST(self):
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told = {"verdicts": [{"score": 1.0}] * len(data["rows"])}
        status, text = self.answers.pop(0) if self.answers else (200, json.dumps(told))
        if status is None:
            self.close_connection = True
            return
        self._send(status, text)

    def _send(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def flaky():
    with ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        remote = Remote(f"http://127.0.0.1:{server.server_port}", attempts=3, pause_s=0.01)
        try:
            yield remote
        finally:
            remote.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [(503, '{"error": "full"}')],
        [(500, "broken"), (502, "")],
        [(None, "")],
        [(200, "no json")],
        [(200, "[" * 100_000)],
    ],
)
def test_a_failure_that_passes_costs_nothing(flaky, monkeypatch, answers):
    monkeypatch.setattr(Flaky, "answers", answers)
    assert flaky.verdict("a").score == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        (500, "broken"),
        (None, ""),
        (200, "[]"),
        (200, '{"verdicts": []}'),
        (200, '{"verdicts": [{"score": "high"}]}'),
        (200, '{"verdicts": [{"score": 7}]}'),
        (200, '{"verdicts": 5}'),
    ],
)
def test_a_service_that_is_of_no_use_abstains(flaky, monkeypatch, answer):
    monkeypatch.setattr(Flaky, "answers", [answer] * 6)
    verdict = flaky.verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "no answer")


def test_what_the_service_refuses_is_told(flaky, monkeypatch):
    monkeypatch.setattr(Flaky, "answers", [(422, '{"error": "sum reads the column x"}')])
    with pytest.raises(ValueError, match="HTTP 422: sum reads the column x"):
        flaky.verdict("a")


def test_nobody_there():
    remote = Remote("http://127.0.0.1:9", attempts=2, pause_s=0.01)
    verdict = remote.verdict("a")
    assert (verdict.score, verdict.reason) == (None, "no answer")
    with pytest.warns(UserWarning, match="cannot look at the rows"):
        assert remote.preflight([{"x": 1}]) == 1
