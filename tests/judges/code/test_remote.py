"""Programs that a server runs: SandboxFusion's form, against a stand-in on this machine."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jurybox.judges.code import CodeJudge, Limits, RemoteRun, SandboxFusion

TESTS = [{"stdin": "4", "stdout": "5"}, {"stdin": "7", "stdout": "8"}]
RIGHT = "```python\nprint(int(input()) + 1)\n```"
CLEAN = {"status": "Finished", "execution_time": 0.1, "return_code": 0, "stdout": "5\n", "stderr": ""}


def ran(body):
    """What the stand-in answers: it runs the program, which is ours, and tells as SandboxFusion does."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", body["code"]], input=body["stdin"], capture_output=True, text=True,
            timeout=body["run_timeout"],
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {
            "status": "Failed",
            "message": "",
            "run_result": {**CLEAN, "status": "TimeLimitExceeded", "return_code": None},
        }
    result = {**CLEAN, "return_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    return {
        "status": "Failed" if done.returncode else "Success",
        "message": "",
        "compile_result": None,
        "run_result": result,
    }


@pytest.fixture
def server():
    """A stand-in; `answer` is what it says to a body, `asked` what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand_in.asked.append((self.path, body))
            answer = stand_in.answer(body)
            status, text = answer if isinstance(answer, tuple) else (200, json.dumps(answer))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args):
            pass

    stand_in = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.answer, stand_in.asked = ran, []
    stand_in.url = f"http://127.0.0.1:{stand_in.server_address[1]}"
    thread = threading.Thread(target=stand_in.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield stand_in
    stand_in.shutdown()
    thread.join()
    stand_in.server_close()


@pytest.fixture
def remote(server):
    """A judge that asks the stand-in."""
    with CodeJudge(
        remote=SandboxFusion(server.url, pause_s=0), limits=Limits(wall_s=2, output_kb=64), workers=2
    ) as judge:
        yield judge


def test_what_is_printed_is_compared_here(remote, server):
    verdict = remote.verdict(RIGHT, tests=TESTS)
    assert (verdict.score, verdict.isolation["level"]) == (1.0, "remote")
    assert server.asked[0] == (
        "/run_code",
        {
            "code": "print(int(input()) + 1)\n",
            "language": "python",
            "stdin": "4",
            "compile_timeout": 30.0,
            "run_timeout": 2,
        },
    )


def test_programs_that_fail(remote):
    programs = [
        "print(5)",
        "raise SystemExit(3)",
        "while True: pass",
        "print('x' * 100_000)",
        "print(5); import os; os._exit(1)",
    ]
    verdicts = remote.verdicts([f"```python\n{program}\n```" for program in programs], tests=[TESTS] * len(programs))
    assert [verdict.score for verdict in verdicts] == [0.5, 0.0, 0.0, 0.0, 0.0]
    reasons = ["wrong_answer", "runtime_error", "timeout", "output_limit", "runtime_error"]
    assert [verdict.reason for verdict in verdicts] == reasons


def test_on_an_event_loop(remote):
    assert asyncio.run(remote.averdict(RIGHT, tests=TESTS)).score == 1.0


def test_a_compiler_that_refuses(server):
    refused = {**CLEAN, "return_code": 1, "stderr": "error: expected ';'"}
    server.answer = lambda _body: {"status": "Failed", "message": "", "compile_result": refused, "run_result": None}
    with CodeJudge(remote=SandboxFusion(server.url), language="cpp") as judge:
        verdict = judge.verdict("```cpp\nint main() { 5 }\n```", tests=TESTS)
    assert (verdict.score, verdict.reason) == (0.0, "compile_error")
    assert "expected ';'" in verdict.evidence["first_failure"]["detail"]
    assert len(server.asked) == 1


BROKEN = {
    "no JSON": (200, "5\n"),
    "an error of the server": (503, "busy"),
    "an error of the sandbox": {"status": "SandboxError", "message": "no disk"},
    "no result": {"status": "Success", "message": ""},
    "a result without its status": {"status": "Success", "run_result": {"stdout": "5\n", "return_code": 0}},
    "a status that is no text": {"status": True, "run_result": CLEAN},
    "an exit status that is no number": {"status": "Success", "run_result": {**CLEAN, "return_code": False}},
    "output that is no text": {"status": "Success", "run_result": {**CLEAN, "stdout": ["5\n"]}},
    "a list": ["Success"],
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_broken_server_is_asked_again_and_buys_no_verdict(remote, server, answer):
    server.answer = lambda _body: answer
    verdict = remote.verdict(RIGHT, tests=TESTS[:1])
    assert (verdict.score, verdict.reason, remote.infra_errors) == (None, "infra_error", 1)
    assert len(server.asked) == 6  # three times the program, three times one that cannot fail


def test_a_program_that_only_the_server_cannot_bear_is_not_excused(remote, server):
    server.answer = lambda body: (500, "oops") if "boom" in body["code"] else ran(body)
    verdict = remote.verdict("```python\nprint('boom')\n```", tests=TESTS)
    assert (verdict.score, verdict.reason) == (0.0, "bad_reply")


def test_one_failure_of_the_server_is_made_good(remote, server):
    answers = iter([(502, ""), (200, "{")])
    server.answer = lambda body: next(answers, None) or ran(body)
    assert remote.verdict(RIGHT, tests=TESTS).score == 1.0


def test_a_server_that_is_not_there_abstains():
    with CodeJudge(remote=SandboxFusion("http://127.0.0.1:9", attempts=2, pause_s=0)) as judge:
        verdict = judge.verdict(RIGHT, tests=TESTS)
    assert (verdict.score, verdict.reason) == (None, "infra_error")
    assert "127.0.0.1:9" in verdict.evidence["error"]


def test_mistakes_of_the_programmer():
    with pytest.raises(ValueError, match="base_url is an address"):
        SandboxFusion("localhost:8080")
    with pytest.raises(TypeError, match="remote has `languages` and `run`"):
        CodeJudge(remote="http://localhost:8080")
    with pytest.raises(ValueError, match="does not run sql programs"):
        CodeJudge(remote=SandboxFusion("http://localhost"), language="sql")
    with pytest.raises(ValueError, match="what programs print"):
        CodeJudge(remote=SandboxFusion("http://localhost")).verdict(RIGHT, tests=["assert f(1) == 2"])


def test_a_runner_of_ones_own():
    class Parrot:
        languages = ("bash",)

        def run(self, code, language, stdin, limits):
            return RemoteRun("ended", stdout=stdin)

    with CodeJudge(remote=Parrot(), language="bash") as judge:
        assert judge.verdict("```sh\ncat\n```", tests=[{"stdin": "a", "stdout": "a"}]).score == 1.0
