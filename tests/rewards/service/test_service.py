"""A real service on a real port: what it answers, and what it survives."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

pytest.importorskip("fastapi")
from jurybox.rewards.service import Bench, Limits

from .serving import ask, broken, comparing, graded, misbehaving, remembering, rows, serving, shifted, unsure

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service():
    with serving(graded, Limits(workers=2)) as url:
        yield url


@pytest.fixture(scope="module")
def rough():
    """Half a second for a row, and a judge that does what it is told."""
    with serving(misbehaving, Limits(workers=2, row_s=0.25)) as url:
        yield url


def scores(answer):
    status, said = answer
    assert status == 200, said
    return [verdict["score"] for verdict in said["verdicts"]]


def test_verdicts_are_those_of_the_reward(service):
    completions = ["5", "the sum is 5", "6", ""]
    status, said = ask(f"{service}/score", rows(*completions, solution="5"))
    local = [verdict.to_dict() for verdict in graded().verdicts(completions, solution=["5"] * 4)]
    assert status == 200
    for there, here in zip(said["verdicts"], local, strict=True):
        for verdict in (there, here):
            for part in verdict["parts"]:
                part["verdict"].pop("seconds")
        assert there == here


def test_other_forms(service):
    _, said = ask(f"{service}/get_reward", {"query": ["2+3=5"], "prompts": ["2+3="], "labels": [{"solution": "5"}]})
    assert said["rewards"] == [1.2]
    spoken = {"type": "message", "role": "assistant", "content": "5"}
    _, said = ask(f"{service}/verify", {"response": {"output": [spoken]}, "solution": "5"})
    assert said["reward"] == 1.2
    assert ask(f"{service}/seed_session", {}) == (200, {})


def test_what_it_says_of_itself(service):
    _, said = ask(f"{service}/reward")
    assert said["columns"] == ["solution"]
    assert said["bounds"] == [0.0, 1.2]
    assert not said["together"]
    assert ask(f"{service}/health")[1]["status"] == "ok"
    assert ask(f"{service}/preflight", {"rows": [{"solution": ""}, {"solution": "5"}]})[1]["unusable"] == [
        ["math: unusable gold"],
        [],
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("score", b"nonsense", 400, "not JSON"),
        ("score", b"[" * 100_000, 400, "nested too deeply"),
        ("score", {"rows": [{"completion": "5"}]}, 422, "reads the column 'solution'"),
        ("preflight", b"nonsense", 400, "not JSON"),
        ("preflight", b"5", 400, "a request is"),
        ("scores", b"{}", 404, "there is POST /score"),
        ("health", b"{}", 405, "GET /reward, /health"),
    ],
)
def test_mistakes_are_told_in_a_sentence(service, path, body, status, said):
    found, answer = ask(f"{service}/{path}", body)
    assert found == status
    assert said in answer["error"]


def test_a_thousand_rows_at_once(service):
    async def one(number):
        host, port = service.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps(rows(str(number % 7), solution="5")).encode()
        head = f"POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])["verdicts"][0]["score"]

    async def all_of_them():
        return await asyncio.gather(*map(one, range(1000)))

    expected = graded().verdicts([str(number) for number in range(7)], solution=["5"] * 7)
    assert asyncio.run(all_of_them()) == [expected[number % 7].score for number in range(1000)]


def test_a_client_that_dies(service):
    host, port = service.removeprefix("http://").split(":")
    body = json.dumps(rows(*["5"] * 100, solution="5")).encode()
    head = f"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for sent in (head, head + body[:100], head + body):
        for _ in range(20):
            with socket.create_connection((host, int(port))) as client:
                client.sendall(sent)
    assert scores(ask(f"{service}/score", rows("5", solution="5"))) == [1.2]


def test_a_body_of_a_hundred_megabytes(service):
    body = b'[{"completion": "' + b"x" * (100 << 20) + b'"}]'
    status, said = ask(f"{service}/score", body)
    assert status == 413
    assert "16 MiB" in said["error"]
    assert scores(ask(f"{service}/score", rows("5", solution="5"))) == [1.2]


def test_metrics(service):
    with urllib.request.urlopen(f"{service}/metrics") as response:
        text = response.read().decode()
    ask(f"{service}/score", rows("5", "6", solution="5"))
    with urllib.request.urlopen(f"{service}/metrics") as response:
        later = response.read().decode()

    def count(text):
        return float(next(line for line in text.splitlines() if line.startswith("jurybox_verdicts_total")).split()[1])

    assert count(later) == count(text) + 2
    assert 'jurybox_requests_total{path="/score",status="200"}' in later


@pytest.mark.parametrize(
    ("bad", "status", "score"), [("spin", "timeout", 0.0), ("sleep", "timeout", 0.0), ("crash", "scored", 0.0)]
)
def test_a_completion_that_hangs_or_kills_costs_its_own_row_only(rough, bad, status, score):
    code, said = ask(f"{rough}/score", rows("good", bad, "fine"))
    assert code == 200
    assert [verdict["score"] for verdict in said["verdicts"]] == [0.5, score, 0.5]
    assert said["verdicts"][1]["status"] == status


def test_it_serves_others_while_a_judge_hangs(rough):
    late = []
    thread = threading.Thread(target=lambda: late.append(scores(ask(f"{rough}/score", rows("sleep")))))
    thread.start()
    started = time.monotonic()
    assert scores(ask(f"{rough}/score", rows("good"))) == [0.5]
    assert time.monotonic() - started < 2.0
    thread.join()
    assert late == [[0.0]]
    assert ask(f"{rough}/health")[1]["killed"] >= 1


def test_a_preflight_that_hangs_is_told():
    with serving(unsure, Limits(row_s=0.02)) as url:
        status, said = ask(f"{url}/preflight", {"rows": [{"solution": "5"}]})
        assert status == 503
        assert "nothing came of this request" in said["error"]
        assert scores(ask(f"{url}/score", rows("good"))) == [1.0]


def test_the_least_of_the_reward_not_zero():
    with serving(shifted, Limits(row_s=0.25)) as url:
        assert scores(ask(f"{url}/score", rows("good", "spin"))) == [0.0, -1.0]


def test_rows_that_are_compared_are_compared_without_the_one_that_hangs():
    with serving(comparing, Limits(workers=2, row_s=0.25)) as url:
        assert ask(f"{url}/reward")[1]["together"]
        said = ask(f"{url}/score", rows("a long one that can spin", "abc", "ab", prompt="one"))
    assert scores(said) == [0.0, 1.0, 0.0]


def test_a_token():
    with serving(misbehaving, token="secret") as url:
        assert ask(f"{url}/score", rows("good"))[0] == 401
        assert ask(f"{url}/metrics")[0] == 401
        assert ask(f"{url}/score", rows("good"), token="wrong")[0] == 401
        assert scores(ask(f"{url}/score", rows("good"), token="secret")) == [0.5]
        assert ask(f"{url}/health")[0] == 200


def test_too_much_that_waits_is_turned_away():
    with serving(misbehaving, Limits(row_s=0.25, waiting_mib=0.001)) as url:
        waiting = threading.Thread(target=ask, args=(f"{url}/score", rows("sleep")))
        waiting.start()
        time.sleep(0.3)
        status, said = ask(f"{url}/score", rows("x" * 2000))
        assert (status, said["error"]) == (503, "too many requests are waiting: ask again in a second")
        waiting.join()
        assert scores(ask(f"{url}/score", rows("x" * 2000))) == [0.5]


def test_a_request_that_does_not_come_is_given_up():
    with serving(misbehaving, Limits(body_s=0.2)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[")
            assert b"408" in client.recv(4096)


def test_rewards_that_cannot_be_served_are_refused_at_once():
    with pytest.raises(ValueError, match=r"remembers what it saw \(length\)"):
        Bench(remembering, Limits())
    with pytest.raises(LookupError, match="no such reward"):
        Bench(broken, Limits())


COMMAND = [sys.executable, "-m", "jurybox.cli", "serve"]


def test_the_command_stops_gracefully(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import time\nfrom jurybox.judges import judge\n"
        "@judge\ndef slow(completion):\n    time.sleep(1.0)\n    return True\n"
    )
    program = subprocess.Popen(
        [*COMMAND, "mine:slow", "--port", "0", "--workers", "1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        said = program.stdout.readline()
        assert said.strip().endswith("serves slow")
        url = said.split()[1]
        answers = []
        thread = threading.Thread(target=lambda: answers.append(ask(f"{url}/score", rows("a"))))
        thread.start()
        time.sleep(0.4)
        program.send_signal(signal.SIGTERM)
        thread.join()
        assert scores(answers[0]) == [1.0]
        assert program.wait(timeout=30) == 0
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give the reward"),
        (["nowhere:reward"], "there is no module 'nowhere'"),
        (["nowhere:reward", "--judge", "math"], "give one of"),
        (["--judge", "math", "--gold", "solution", "--workers", "-1"], "workers must be more than 0"),
        (["--judge", "math", "--token-env", "NOT_SET"], "NOT_SET is not set"),
    ],
)
def test_mistakes_on_the_command_line(arguments, said):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
