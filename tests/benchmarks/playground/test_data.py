"""Real data: the layouts it comes in, and what is said about a file that has none of them."""

import json
import os
from pathlib import Path

import pytest

from jurybox.benchmarks.playground.data import hold_out, load_rows


def written(path: Path, *lines: object) -> str:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("record", "solution"),
    [
        ({"question": "Q?", "answer": "1+1=<<1+1=2>>2\n#### 1,200"}, "1200"),
        ({"prompt": "Q?", "solution": "3/7", "level": 2}, "3/7"),
        ({"problem": "Q?", "solution": r"so \boxed{4}"}, r"so \boxed{4}"),
        ({"problem": "Q?", "answer": 5}, "5"),
    ],
)
def test_layouts(tmp_path: Path, record: dict[str, object], solution: str) -> None:
    assert load_rows(written(tmp_path / "d.jsonl", record)) == [{"prompt": "Q?", "solution": solution}]


def test_limit_blank_lines_and_repeated_prompts(tmp_path: Path) -> None:
    records = [{"prompt": f"p{n % 5}", "solution": str(n)} for n in range(10)]
    path = written(tmp_path / "d.jsonl", *records[:4], "", *records[4:])
    assert [row["solution"] for row in load_rows(path)] == ["0", "1", "2", "3", "4"]
    assert len(load_rows(path, limit=3)) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"d\.jsonl:2: not JSON"),
        ("[1]", r"d\.jsonl:2: expected an object, got list"),
        ('{"text": "x"}', r"d\.jsonl:2: has the columns \['text'\]; expected one of prompt/solution"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path / "d.jsonl", {"prompt": "p", "solution": "s"}, line)
    with pytest.raises(ValueError, match=message):
        load_rows(path)


def test_missing_empty_and_unreachable_sources(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such file; give a JSONL file or a hub name"):
        load_rows(str(tmp_path / "none.jsonl"))
    with pytest.raises(ValueError, match="holds no rows"):
        load_rows(written(tmp_path / "empty.jsonl", ""))


def test_held_out_rows_depend_on_prompts_alone() -> None:
    rows: list[dict[str, object]] = [{"prompt": f"p{n}", "solution": str(n)} for n in range(80)]
    training, held_out = hold_out(rows)
    assert len(held_out) == 10
    assert hold_out(reversed(rows)) == (training, held_out)
    assert not {row["prompt"] for row in training} & {row["prompt"] for row in held_out}
    assert len(hold_out(rows, most=4)[1]) == 4
    with pytest.raises(ValueError, match="at least two"):
        hold_out(rows[:1])


@pytest.mark.skipif("JURYBOX_DATA" not in os.environ, reason="JURYBOX_DATA names no folder with gsm8k_test.jsonl")
def test_gsm8k_as_published() -> None:
    rows = load_rows(os.path.join(os.environ["JURYBOX_DATA"], "gsm8k_test.jsonl"))
    assert len(rows) == 1319
    assert rows[0]["solution"] == "18"
    assert all(float(str(row["solution"])) is not None for row in rows)
