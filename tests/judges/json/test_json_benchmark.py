from __future__ import annotations

import json

from jurybox.benchmarks.judges import json as benchmark
from jurybox.judges import TooLong
from jurybox.judges.json import JSONJudge


def test_the_judge_agrees_with_the_usual_way_and_is_faster(tmp_path, capsys):
    assert benchmark.main(["--answers", "200", "--json", str(tmp_path / "out.json")]) == 0
    measured = json.loads((tmp_path / "out.json").read_text())
    assert 600 < measured["mean_bytes"] < 800
    assert measured["jsonschema"]["times_faster"] > 2
    assert "JSONJudge" in capsys.readouterr().out


def test_names_in_logs():
    assert (JSONJudge.name, TooLong.name) == ("json", "too_long")
