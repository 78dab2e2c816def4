"""`jurybox score`: every input line gets an output line, whatever it holds and however often the run is stopped."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jurybox.cli import main
from jurybox.cli.judging import Workers
from jurybox.cli.rows import Rows
from jurybox.judges import ExactJudge
from jurybox.rewards import as_reward

REWARDS = """
    from jurybox.judges import judge
    from jurybox.rewards import Route

    calls = []

    @judge
    def right(completion, solution):
        calls.append(completion)
        return solution in completion

    @judge
    def short(completion):
        return len(completion) < 20

    @judge
    def picky(completion):
        if "boom" in completion:
            raise RuntimeError("burst")
        return None if "skip" in completion else 1.0

    @judge(group=True)
    def best(completions):
        return [float(text == max(completions)) for text in completions]

    reward = right + 0.5 * short
    route = Route("task", math=right, any=short)
    plain = len
    Kind = type(right)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a module of rewards, whose name no other test has imported."""
    monkeypatch.chdir(tmp_path)
    name = f"rewards_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(REWARDS))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("REWARDS", name)
    return tmp_path


def module() -> str:
    return os.environ["REWARDS"]


def write(path: str, rows: Sequence[Any]) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    Path(path).write_text("".join(f"{line}\n" for line in lines))


def read(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def score(*words: str, attribute: str = "reward", file: str = "in.jsonl") -> int:
    return main(["score", file, "--reward", f"{module()}:{attribute}", *words])


def row(completion: Any, solution: str = "5", **columns: Any) -> dict[str, Any]:
    return {"completion": completion, "solution": solution, **columns}


def test_a_line_of_output_for_a_line_of_input(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("it is 5", note=[1, {"a": None}]), "", row([{"role": "assistant", "content": "a 6" * 10}])])
    assert score("-o", "deep/out.jsonl") == 0
    first, second = read("deep/out.jsonl")
    assert (first["passed"], first["score"], first["note"]) == (True, 1.5, [1, {"a": None}])
    assert [part["verdict"]["score"] for part in first["verdict"]["parts"]] == [1.0, 1.0]
    assert (second["passed"], second["score"], second["judged"]["row"]) == (False, 0.0, 1)
    printed = capsys.readouterr().out
    assert "2 rows: 2 judged now" in printed
    assert "passed 1 of 2" in printed
    assert [line.split()[:3] for line in printed.splitlines()[2:5]] == [
        ["all", "0.7500", "50.0%"],
        ["right", "0.5000", "50.0%"],
        ["short", "0.5000", "50.0%"],
    ]


BAD = [
    ("not json", "not JSON"),
    ("[1]", "not a JSON object"),
    ('"text"', "not a JSON object"),
    ({"solution": "5"}, "no column 'completion'"),
    ({"completion": "5"}, "no column 'solution'"),
    ({"completion": 7, "solution": "5"}, "not int"),
    ({"completion": ["a"], "solution": "5"}, "must be mappings"),
    ("[" * 100_000, "nested too deeply"),
    ('{"completion": "\xff', "not JSON"),
]


def test_bad_rows_are_told_and_lose_nobody_else(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("5"), *(line for line, _ in BAD), row("55")])
    assert score("-o", "out.jsonl") == 1
    first, *bad, last = read("out.jsonl")
    assert first["passed"]
    assert last["passed"]
    for place, (line, (_, words)) in enumerate(zip(bad, BAD, strict=True), start=2):
        assert words in line["error"]
        assert line["error"].startswith(f"line {place}:")
        assert line["verdict"] is None
    captured = capsys.readouterr()
    assert f"11 rows: 11 judged now in 0.00 s, 0 kept, {len(BAD)} bad".partition(" in ")[0] in captured.out
    assert "bad row: line 2: not JSON" in captured.err
    assert score("-o", "out.jsonl") == 1, "kept bad rows still count"


def test_bytes_that_are_no_text(here: Path) -> None:
    Path("in.jsonl").write_bytes(b'\xef\xbb\xbf{"completion": "5", "solution": "5"}\n{"completion": "\xff"}\n')
    assert score("-o", "out.jsonl") == 1
    assert [line.get("error", "")[:16] for line in read("out.jsonl")] == ["", "line 2: not JSON"]


def test_values_json_cannot_hold_come_back_as_text(here: Path) -> None:
    Path("in.jsonl").write_text(
        '{"completion": "\\ud83d 5", "solution": "5", "loss": NaN, "completions": 1, "self": 2}\n'
    )
    assert score("-o", "out.jsonl") == 0
    (line,) = read("out.jsonl")
    assert (line["loss"], line["completions"], line["self"], line["completion"]) == ("nan", 1, 2, "\ud83d 5")


@pytest.mark.parametrize("left", [0, 1, 3])
@pytest.mark.parametrize("half", ["", '{"completion": "5", "sol', "\0\0\0\n"])
def test_a_stopped_run_goes_on(here: Path, left: int, half: str) -> None:
    rows = [row(f"{i}") for i in range(7)]
    write("in.jsonl", rows)
    assert score("-o", "whole.jsonl") == 0
    lines = Path("whole.jsonl").read_text().splitlines(keepends=True)
    Path("out.jsonl").write_text("".join(lines[:left]) + half)
    calls = sys.modules[module()].calls
    calls.clear()
    assert score("-o", "out.jsonl") == 0
    assert calls == [str(i) for i in range(left, 7)], "rows that are there are not judged again"
    assert [(line["judged"], line["score"]) for line in read("out.jsonl")] == [
        (line["judged"], line["score"]) for line in read("whole.jsonl")
    ]


def test_limits_add_up(here: Path) -> None:
    write("in.jsonl", [row(f"{i}") for i in range(7)])
    for limit, there in (("2", 2), ("5", 5), ("3", 5), ("100", 7)):
        assert score("-o", "out.jsonl", "--limit", limit) == 0
        assert len(read("out.jsonl")) == there


def test_another_input_or_judge_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("5"), row("6")])
    assert score("-o", "out.jsonl") == 0
    before = Path("out.jsonl").read_bytes()
    assert score("-o", "out.jsonl", attribute="right") == 2
    assert "was judged by right + 0.5 * short" in capsys.readouterr().err
    assert score("-o", "out.jsonl", "--completion", "solution") == 2
    write("in.jsonl", [row("5"), row("7")])
    assert score("-o", "out.jsonl") == 2
    assert "line 2 answers another row than line 2 of the input" in capsys.readouterr().err
    write("in.jsonl", [row("5")])
    assert score("-o", "out.jsonl") == 2
    assert Path("out.jsonl").read_bytes() == before, "what was there is left alone"
    assert score("-o", "out.jsonl", "--overwrite") == 0
    assert len(read("out.jsonl")) == 1


def test_a_file_of_something_else_is_not_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("5")])
    write("out.jsonl", [{"precious": True}])
    assert score("-o", "out.jsonl") == 2
    assert score("-o", "in.jsonl", "--overwrite") == 2
    assert "is the input" in capsys.readouterr().err
    assert read("out.jsonl") == [{"precious": True}]
    assert read("in.jsonl") == [row("5")]


def test_changed_code_is_another_judge(here: Path) -> None:
    write("in.jsonl", [row("5")])
    assert score("-o", "out.jsonl") == 0
    source = here / f"{module()}.py"
    source.write_text(source.read_text().replace("< 20", "< 10"))
    assert score("-o", "out.jsonl") == 2


def test_slim_lines_resume_too(here: Path) -> None:
    write("in.jsonl", [row("5"), row("6")])
    assert score("-o", "out.jsonl", "--slim", "--limit", "1") == 0
    assert score("-o", "out.jsonl", "--slim") == 0
    assert [sorted(line) for line in read("out.jsonl")] == [["judged", "passed", "score", "verdict"]] * 2


def test_renamed_columns(here: Path) -> None:
    write("in.jsonl", [{"text": "it is 5", "completion": "6", "solution": "5"}])
    assert score("-o", "out.jsonl", "--completion", "text") == 0
    assert read("out.jsonl")[0]["passed"]


def test_a_route_needs_only_the_columns_of_its_own_rows(here: Path) -> None:
    rows = [{"completion": "5", "task": "any"}, row("5", task="math"), {"completion": "5", "task": "math"}]
    write("in.jsonl", rows)
    assert score("-o", "out.jsonl", attribute="route") == 1
    assert [line["passed"] for line in read("out.jsonl")] == [True, True, None]


def test_failures_are_counted_apart(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("5"), row("boom"), row("skip"), row("boom")])
    assert score("-o", "out.jsonl", attribute="picky") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2].split()[:6] == ["all", "0.3333", "33.3%", "1", "0", "2"]
    assert "2 × scored: exception: RuntimeError: burst" in captured.out
    assert captured.err == ""


def test_a_group_is_judged_together(here: Path) -> None:
    write("in.jsonl", [row(text, prompt=text[0]) for text in ("a1", "a3", "a2", "b1", "b2")])
    assert score("-o", "out.jsonl", "--batch", "2", attribute="best") == 0
    assert [line["score"] for line in read("out.jsonl")] == [0.0, 1.0, 0.0, 0.0, 1.0]


def test_explain_prints_one_row_and_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [row("5"), row("6"), "broken"])
    assert score("--explain", "1") == 0
    printed = capsys.readouterr().out
    assert "└─ +0.5 × ✓ short: 1" in printed
    assert '"score": 0.5' in printed
    assert score("--explain", "2") == 1
    assert score("--explain", "3") == 2
    assert sorted(path.suffix for path in here.iterdir() if path.is_file()) == [".jsonl", ".py"]


MISTAKES = [
    (["--reward", "nowhere:reward", "-o", "o"], "no module 'nowhere'"),
    (["--reward", "{module}", "-o", "o"], "written module:attribute"),
    (["--reward", "{module}:nothing", "-o", "o"], "it has: Kind, Route"),
    (["--reward", "{module}:plain", "-o", "o"], "decorate it with @judge"),
    (["--reward", "{module}:Kind", "-o", "o"], "is a class"),
    (["--reward", "broken:reward", "-o", "o"], "importing 'broken' raised ZeroDivisionError"),
    (["--reward", "lacking:reward", "-o", "o"], "pip install 'jurybox[cluster]'"),
    (["--reward", "{module}:reward"], "give -o"),
    (["--reward", "{module}:reward", "--gold", "x", "-o", "o"], "belong to --judge"),
    (["--reward", "{module}:reward", "-o", "."], "Is a directory"),
    (["--judge", "json", "--option", "level", "-o", "o"], "key=value"),
    (["--judge", "json", "--option", "nonsense=1", "-o", "o"], "its options are"),
    (["--judge", "json", "--schema", "nowhere.json", "-o", "o"], "nowhere.json"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_told_in_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    write("in.jsonl", [row("5")])
    Path("broken.py").write_text("1 / 0")
    Path("lacking.py").write_text("raise ModuleNotFoundError(name='dask')")
    assert main(["score", "in.jsonl", *(word.format(module=module()) for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_no_input(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score("-o", "out.jsonl") == 2
    assert "there is no file in.jsonl" in capsys.readouterr().err
    assert not Path("out.jsonl").exists()
    Path("in.jsonl").write_text("")
    assert score("-o", "out.jsonl") == 0
    assert Path("out.jsonl").read_text() == ""


# Judges by name.


def test_judges_by_name(here: Path) -> None:
    rules = [{"rule": "words", "args": {"count": 9, "relation": "at most"}}]
    fields = {"prompt": "p", "gold": "1/2", "want": {"a": 1}, "rules": rules}
    write("in.jsonl", [{"completion": text, **fields} for text in ("\\boxed{0.5}", "1/2", '{"a": 1}', "1 2 3 " * 50)])
    Path("schema.json").write_text('{"type": "object"}')
    passed = {
        "math --gold gold": [True, True, False, False],
        "exact --gold gold": [False, True, False, False],
        "json --gold want": [False, False, True, False],
        "json --schema schema.json --option level=strict": [False, False, True, False],
        "length --option maximum=20 --option unit=characters": [True, True, True, False],
        'format --option pattern=".*2"': [False, True, False, False],
        "repetition": [True, True, True, False],
        "instructions --option column=rules": [True, True, True, False],
    }
    for words, expected in passed.items():
        assert main(["score", "in.jsonl", "-o", "out.jsonl", "--overwrite", "--judge", *words.split()]) == 0, words
        assert [line["passed"] for line in read("out.jsonl")] == expected, words


def test_the_judge_of_an_option_is_another_judge(here: Path) -> None:
    write("in.jsonl", [row("\\boxed{5}")])
    words = ["score", "in.jsonl", "-o", "out.jsonl", "--judge", "math"]
    assert main(words) == 0
    assert main([*words, "--option", "tolerance=0.1"]) == 2


@pytest.mark.skipif("JURYBOX_DATA" not in os.environ, reason="JURYBOX_DATA names no folder with gsm8k_test.jsonl")
def test_reference_solutions_are_right_and_shuffled_ones_are_not(here: Path) -> None:
    source = Path(os.environ["JURYBOX_DATA"]) / "gsm8k_test.jsonl"
    columns = ["--judge", "math", "--completion", "answer", "--gold", "answer"]
    assert main(["score", str(source), *columns, "-o", "out.jsonl"]) == 0
    assert [line["passed"] for line in read("out.jsonl")] == [True] * 1319

    numbers = [line["answer"].rpartition("####")[2].strip().replace(",", "") for line in read(str(source))]
    shuffled = random.Random(0).sample(range(1319), 1319)
    rows = read(str(source))
    write("in.jsonl", [row(rows[own]["answer"], numbers[other]) for own, other in enumerate(shuffled)])
    assert main(["score", "in.jsonl", "--judge", "math", "-o", "shuffled.jsonl"]) == 0
    equal = [float(numbers[own]) == float(numbers[other]) for own, other in enumerate(shuffled)]
    assert [line["passed"] for line in read("shuffled.jsonl")] == equal


@pytest.mark.slow
def test_workers_say_the_same_and_are_faster_where_the_judge_is_slow(here: Path) -> None:
    write("in.jsonl", [row(f"{i}" * 7) for i in range(150)])
    Path("slow.py").write_text(
        "import os, time\nfrom jurybox.judges import Verdict, judge\n@judge\n"
        "def sleepy(completion):\n    time.sleep(0.1)\n    return Verdict(1.0, evidence={'pid': os.getpid()})\n"
    )
    seconds, files = [], ("one.jsonl", "two.jsonl")
    for name, workers in zip(files, "14", strict=True):
        start = time.perf_counter()
        assert main(["score", "in.jsonl", "--reward", "slow:sleepy", "-o", name, "--workers", workers]) == 0
        seconds.append(time.perf_counter() - start)
    one, two = map(read, files)
    assert [line["score"] for line in one] == [line["score"] for line in two]
    assert len({line["verdict"]["evidence"]["pid"] for line in two}) > 2
    assert seconds[1] < seconds[0]


def test_no_process_is_started_for_a_judge_that_is_quick(here: Path) -> None:
    write("in.jsonl", [row("5") for _ in range(300)])
    with Workers(2) as workers:
        source = Rows(Path("in.jsonl"), as_reward(ExactJudge()), "completion", "prompt")
        assert len(workers.judge_rows(source, list(source))) == 300
        assert not workers.started


def test_help_and_score_load_no_torch(here: Path) -> None:
    write("in.jsonl", [row("5")])
    program = textwrap.dedent("""
        import sys
        from jurybox.cli import main
        for words in (["--help"], ["--version"], sys.argv[1:]):
            try:
                assert main(words) == 0
            except SystemExit as end:
                assert end.code == 0
        assert not {"torch", "transformers", "trl", "sympy"} & set(sys.modules)
    """)
    words = ["score", "in.jsonl", "--reward", f"{module()}:reward", "-o", "out.jsonl"]
    subprocess.run([sys.executable, "-c", program, *words], check=True, cwd=here, capture_output=True)


CODE = "```python\nprint(int(input())+1)\n```"
TESTS = [{"stdin": "1", "stdout": "2"}]


def test_a_row_whose_tests_cannot_be_read_costs_itself_only(here, capsys):
    numbers = [{"stdin": 1, "stdout": 2}]
    rows = [{"completion": CODE, "tests": tests} for tests in (TESTS, {"foo": 1}, numbers, None, TESTS)]
    write("in.jsonl", rows)
    assert main(["score", "in.jsonl", "--judge", "code", "-o", "out.jsonl"]) == 1
    lines = read("out.jsonl")
    assert [line["passed"] for line in lines] == [True, None, True, None, True]
    assert lines[1]["error"].startswith("line 2: unknown layout of tests")
    assert "bad row: line 2:" in capsys.readouterr().err
    assert main(["score", "in.jsonl", "--judge", "code", "--explain", "1"]) == 1
    assert "row 1, line 2: unknown layout" in capsys.readouterr().err


def test_tests_may_stand_in_columns_of_any_name(here):
    prompt = "def add(a, b):\n"
    test = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
    body = [f"```python\n{prompt}    return {answer}\n```" for answer in ("a + b", "a - b")]
    write("in.jsonl", [{"completion": c, "prompt": prompt, "entry_point": "add", "test": test} for c in body])
    assert main(["score", "in.jsonl", "--judge", "code", "--tests", "test, entry_point,prompt", "-o", "out.jsonl"]) == 0
    assert [line["passed"] for line in read("out.jsonl")] == [True, False]
    write("one.jsonl", [{"completion": CODE, "input_output": json.dumps({"inputs": ["1"], "outputs": ["2"]})}])
    assert main(["score", "one.jsonl", "--judge", "code", "--tests", "input_output", "-o", "one.out"]) == 0
    assert [line["passed"] for line in read("one.out")] == [True]
    assert main(["score", "one.jsonl", "--judge", "math", "--tests", "x", "-o", "no.out"]) == 2


def test_limits_come_as_a_mapping(here, capsys):
    endless = "```python\nwhile True: pass\n```"
    write("in.jsonl", [{"completion": c, "tests": TESTS} for c in (CODE, endless)])
    words = ["score", "in.jsonl", "--judge", "code", "-o", "out.jsonl", "--option"]
    assert main([*words, 'limits={"wall_s": 0.5}']) == 0
    assert [line["verdict"]["reason"] for line in read("out.jsonl")] == ["passed", "timeout"]
    for option in ('limits={"walls": 1}', "limits=3", 'compare={"mode": "x"}'):
        assert main([*words, option]) == 2, option
        assert "Traceback" not in capsys.readouterr().err


def test_a_compressed_file_and_a_pipe_are_read_and_written_to(here, capsys, monkeypatch):
    text = "".join(json.dumps({"completion": c, "solution": "4"}) + "\n" for c in ("4", "5")).encode()
    Path("in.jsonl.gz").write_bytes(gzip.compress(text))
    assert score("-o", "out.jsonl", file="in.jsonl.gz") == 0
    assert [line["passed"] for line in read("out.jsonl")] == [True, False]
    command = [sys.executable, "-m", "jurybox.cli", "score", "-", "--judge", "exact", "-o", "-"]
    done = subprocess.run(command, input=text, capture_output=True, check=True)
    assert [json.loads(line)["passed"] for line in done.stdout.splitlines()] == [True, False]
    assert b"passed 1 of 2" in done.stderr
    done = subprocess.run([*command[:-1], "/dev/stdout"], input=gzip.compress(text), capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 2


def test_a_parquet_table_is_read(here):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"completion": ["4", "5"], "solution": ["4", "4"]}), "in.parquet")
    assert score("-o", "out.jsonl", file="in.parquet") == 0
    assert [line["passed"] for line in read("out.jsonl")] == [True, False]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ('{"completion": "4", "solution": "4"}\n'.encode("utf-16"), "UTF-16"),
        ('{"completion": "4", "solution": "4"}\n'.encode("utf-16-le"), "UTF-16"),
        (b'[{"completion": "4"},\n {"completion": "5"}]\n', "one JSON array"),
        (b'\n{\n  "completion": "4"\n}\n', "pretty-printed"),
    ],
)
def test_what_is_no_json_lines_is_told_once(here, capsys, content, hint):
    Path("in.jsonl").write_bytes(content)
    assert score("-o", "out.jsonl") == 2
    assert hint in capsys.readouterr().err
    assert not Path("out.jsonl").exists()


def test_a_mended_line_is_judged_anew_and_the_rest_is_kept(here, capsys):
    good = json.dumps({"completion": "4", "solution": "4"})
    Path("in.jsonl").write_bytes(
        f"{good}\n".encode() + '{"completion": "é4"}\n'.encode("latin-1") + f"{good}\n".encode()
    )
    assert score("-o", "out.jsonl") == 1
    Path("in.jsonl").write_text(f'{good}\n{{"completion": "é4", "solution": "4"}}\n{good}\n{good}\n')
    assert score("-o", "out.jsonl") == 0
    lines = read("out.jsonl")
    assert [line["passed"] for line in lines] == [True] * 4
    assert [line["judged"]["row"] for line in lines] == [0, 1, 2, 3]
    assert "2 kept" in capsys.readouterr().out
    Path("in.jsonl").write_text(f'{{"completion": "other", "solution": "4"}}\n{good}\n{good}\n{good}\n')
    assert score("-o", "out.jsonl") == 2  # a row that had a verdict is another one: the input has changed


def test_an_option_that_cannot_be_had_is_one_sentence(here, capsys):
    write("in.jsonl", [{"completion": CODE, "tests": TESTS}])
    assert main(["score", "in.jsonl", "--judge", "code", "--option", 'preload=["no_such_module"]', "-o", "o"]) == 2
    told = capsys.readouterr().err
    assert "no_such_module" in told
    assert "Traceback" not in told


def test_what_is_wrong_with_the_first_rows_is_said_before_they_are_judged(here, capsys):
    golds = ["4", None, "5", [], "6"]
    write("in.jsonl", [{"completion": "4", "solution": gold} for gold in golds] + ["no object"])
    assert main(["score", "in.jsonl", "--judge", "math", "-o", "out.jsonl"]) == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("jurybox: among the first 6 rows are rows that cannot be judged: math: ")
    assert "1, 3 (2 of 5)" in first
    assert [line["passed"] for line in read("out.jsonl")] == [True, None, False, None, False, None]


def test_a_route_is_asked_ahead_for_its_own_rows_only(here, capsys):
    rows = [{"completion": "4", "task": "math", "solution": "4"}, {"completion": "4", "task": "any"}]
    write("in.jsonl", rows)
    assert main(["score", "in.jsonl", "--reward", f"{module()}:route", "-o", "out.jsonl"]) == 0
    assert capsys.readouterr().err == ""
