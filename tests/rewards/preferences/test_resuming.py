"""1000 rows, killed and taken up again: the same data set as without an interruption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rewards.preferences.gsm8k_layout import closeness, make, rows, scripted

PROGRAM = Path(__file__).with_name("gsm8k_layout.py")


def kill_after(shards: int, output: Path) -> int:
    """Run the program, kill it as soon as there are so many shards; returns how many there are."""
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(output), "0.1"])
    try:
        deadline = time.monotonic() + 60
        while len(list(output.glob("shard-*.json"))) < shards:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return len(list(output.glob("shard-*.json")))


@pytest.mark.slow
def test_killed_and_resumed_is_the_same_data_set(tmp_path):
    whole = make(str(tmp_path / "whole"))
    output = tmp_path / "killed"
    assert 3 <= kill_after(3, output) < 20
    (output / ".shard-000019.json.1").write_text("half of a shard")  # what a kill while writing leaves
    assert 9 <= kill_after(9, output) < 20
    assert not (output / "pairs.arrow").exists()
    old = {path: path.stat().st_mtime_ns for path in output.glob("shard-*.json")}
    resumed = make(str(output))
    assert old.items() <= {path: path.stat().st_mtime_ns for path in output.glob("shard-*.json")}.items()
    assert resumed.to_list() == whole.to_list() == make().to_list()
    assert resumed.info.description == whole.info.description
    for name in ("pairs.arrow", "summary.json", "manifest.json"):
        assert (output / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_judge_that_abstains_never_makes_a_pair():
    made = make()
    everything = list(rows())
    assert len(made) > 1000
    for pair in made:
        row = everything[pair["row"]]
        assert row["answer"] != "?"
        assert pair["prompt"] == row["question"]
        for which in ("chosen", "rejected"):
            verdict = closeness.verdict(pair[which], answer=row["answer"])
            assert verdict.score == pair[f"{which}_score"] == json.loads(pair[f"{which}_verdict"])["score"]
        assert pair["chosen_score"] > pair["rejected_score"]
    assert {pair["row"] for pair in made}.isdisjoint(range(0, 1000, 9))
    counts = make_summary(made.info.description)
    assert counts["prompts without a pair"] >= 112
    assert counts["candidates abstained on"] > 200
    assert min(counts["duplicates"], counts["pairs tied"], counts["candidates rejected"]) > 0


def make_summary(description: str) -> dict[str, int]:
    dropped = description.split("dropped: ")[1].split(", ")
    return {what: int(count) for count, what in (part.split(" ", 1) for part in dropped)}


def test_a_folder_is_made_in_one_way(tmp_path):
    make(str(tmp_path), count=60)
    for options, named in (
        ({"seed": 1}, "seed=0, not 1"),
        ({"beta": 0.1}, "beta=0.5, not 0.1"),
        ({"select": "best_worst"}, "select='rso_tournament', not 'best_worst'"),
        ({"chunk": 25}, "chunk=50, not 25"),
    ):
        with pytest.raises(ValueError, match=named):
            make(str(tmp_path), count=60, **options)
    with pytest.raises(ValueError, match="rows 50 to 79 are not those"):
        make(str(tmp_path), count=80)
    with pytest.raises(ValueError, match="rows 0 to 49 are not those"):
        make_of(tmp_path, [{"question": "another 1 2", "answer": "3"}] * 50)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ValueError, match="no manifest"):
        make(str(tmp_path), count=60)


def make_of(path: Path, data: list[dict[str, str]]) -> None:
    from jurybox.rewards import preferences

    settings = {"select": "rso_tournament", "keep": 3, "chunk": 50, "prompt": "question"}
    preferences(data, closeness, generate=scripted, output=path, **settings)
