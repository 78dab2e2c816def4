from __future__ import annotations

import argparse
import json

import pytest

from jurybox.cli import doctor
from jurybox.judges.code import IsolationReport, ServerLost
from jurybox.judges.code.languages.toolchains import find


@pytest.fixture
def ask(capsys):
    """Run the command; its exit status and output."""

    def ask(*words):
        parser = argparse.ArgumentParser()
        doctor.add_arguments(parser)
        status = doctor.run(parser.parse_args(words))
        return status, capsys.readouterr().out

    return ask


def test_a_machine_that_offers_all(ask):
    status, output = ask()
    assert status == 0
    assert "Isolation of programs: strict" in output
    assert "sympy" in output


def test_as_data(ask):
    found = json.loads(ask("--json")[1])
    assert found["isolation"]["level"] == "strict"
    assert found["packages"]["sympy"]


def test_languages_are_found_by_trying(ask, monkeypatch):
    find.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    told = json.loads(ask("--json")[1])["languages"]
    find.cache_clear()
    assert set(told) == {"cpp", "javascript", "bash", "sql"}
    assert told["sql"]["runs"].startswith("SQLite 3")
    assert "apt install g++" in told["cpp"]["why_not"]
    assert told["cpp"]["runs"] == ""


def test_what_is_missing_comes_with_what_to_do(ask, monkeypatch):
    report = IsolationReport.of(["seccomp"], {"landlock": "Function not implemented"}, ["read"])
    monkeypatch.setattr(doctor, "isolation", lambda: (report, ""))
    monkeypatch.setattr(doctor, "EXTRAS", {"plot": ("no_such_plotter",)})
    status, output = ask()
    assert status == 1
    assert "A trial program could: read" in output
    assert "landlock: use a kernel from 5.13" in output
    assert "pip install 'jurybox[plot]'" in output


def test_a_server_that_does_not_start_is_told(ask, monkeypatch):
    def fail(**_options):
        raise ServerLost("no memory")

    monkeypatch.setattr("jurybox.judges.code.CodeJudge.probe", fail)
    status, output = ask()
    assert status == 1
    assert "no memory" in output
