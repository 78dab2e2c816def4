"""Experiments run side by side, and what is made of their JSON: tables, claims, pictures, pages."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageChops, ImageStat
from rich.console import Console

from jurybox.benchmarks import __main__ as command
from jurybox.benchmarks.experiment import Experiment, Result
from jurybox.benchmarks.playground.small_png import save_figure
from jurybox.benchmarks.report import pages, picture, store, table
from jurybox.benchmarks.report.catalogue import papers, speeds
from jurybox.benchmarks.report.running import run_experiment
from jurybox.benchmarks.report.store import Run

sys.path.insert(0, str(Path(__file__).parent))  # the runs' processes import the experiment by its module's name

from toy import TOY, fails, misnamed, run

ROOT = Path(__file__).parents[3]


def finished(experiment: Experiment = TOY, *, arms: tuple[str, ...] = ("grpo", "ours"), seeds: int = 2) -> list[Run]:
    results = {(arm, seed): run(_setting(arm, seed)) for arm in arms for seed in range(seeds)}
    return [Run(arm, seed, result, 1.0) for (arm, seed), result in results.items()]


def _setting(arm: str, seed: int) -> Any:
    from jurybox.benchmarks.experiment import Setting

    return Setting(arm, seed, 4, lambda step, shown: None)


def in_processes(path: Path, experiment: Experiment = TOY, **changed: Any) -> dict[str, Any]:
    settings = {"seeds": (0, 1), "arms": ("grpo", "ours"), "steps": 4, "quick": False, "workers": 2, "resume": False}
    return run_experiment(experiment, path=path, console=Console(quiet=True), **{**settings, **changed})


@pytest.mark.slow
def test_runs_give_the_same_in_processes_as_here_and_are_on_disk(tmp_path: Path) -> None:
    document = in_processes(tmp_path / "toy.json")
    assert store.load(tmp_path / "toy.json") == document
    here = store.document(TOY, finished(), steps=4)
    for got, expected in zip(document["runs"], here["runs"], strict=True):
        assert {**got, "seconds": 0} == {**expected, "seconds": 0}


@pytest.mark.slow
def test_resume_does_only_what_is_missing_and_only_with_the_same_budget(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    kept = [replace(run, seconds=1234.0) for run in finished(arms=("grpo",))]
    store.save(path, store.document(TOY, kept, steps=4))
    again = in_processes(path, resume=True)
    assert [run["seconds"] == 1234.0 for run in again["runs"]] == [True, True, False, False]
    other_budget = in_processes(path, resume=True, steps=3, seeds=(0,), workers=1)
    assert not any(run["seconds"] == 1234.0 for run in other_budget["runs"])


@pytest.mark.slow
def test_what_a_run_raises_ends_the_experiment(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot be run"):
        in_processes(tmp_path / "toy.json", replace(TOY, run=fails), seeds=(0,), workers=1)
    with pytest.raises(ValueError, match="toy has no measure width"):
        in_processes(tmp_path / "toy.json", replace(TOY, run=misnamed), seeds=(0,), workers=1)


def test_a_claim_is_judged_on_every_seed_that_has_its_arms() -> None:
    document = store.document(TOY, finished(), steps=4)
    assert table.claims(document) == [("ours is higher", 2, 2), ("seed 1 is 5 high", 1, 2)]
    alone = store.document(TOY, finished(arms=("grpo",)), steps=4)
    assert table.claims(alone) == [("seed 1 is 5 high", 1, 2)]


def test_the_table_has_the_start_and_a_line_for_each_arm() -> None:
    document = store.document(TOY, finished(), steps=4)
    assert list(table.lines(document)) == [
        ["before training", "2", "0.5 ± 0.7"],
        ["GRPO", "2", "4.5 ± 0.7"],
        ["Ours", "2", "8.5 ± 0.7"],
    ]
    assert table.markdown(document).splitlines()[0] == "|  | seeds | height: end |"


def test_nan_is_no_json_and_leaves_a_gap(tmp_path: Path) -> None:
    document = store.document(TOY, finished(arms=("grpo", "broken")), steps=4)
    store.save(tmp_path / "toy.json", document)
    assert "NaN" not in (tmp_path / "toy.json").read_text()
    assert list(table.lines(store.load(tmp_path / "toy.json")))[2] == ["Not a number", "2", ""]
    picture.save_picture(store.load(tmp_path / "toy.json"), tmp_path / "toy.png")
    (again, *_) = [r for r in store.finished(tmp_path / "toy.json", steps=4, quick=False) if r.arm == "broken"]
    assert math.isnan(again.result.final["height"])


def test_pictures_have_curves_or_else_dots(tmp_path: Path) -> None:
    curved = store.document(TOY, finished(), steps=4)
    plain = [replace(r, result=Result(final=r.result.final)) for r in finished()]
    picture.save_picture(curved, tmp_path / "curves.png")
    picture.save_picture(store.document(TOY, plain, steps=4), tmp_path / "dots.png")
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("curves.png", "dots.png"))


def test_pages_are_made_from_json(tmp_path: Path) -> None:
    docs, results = tmp_path / "docs", tmp_path / "results"
    (docs / "papers").mkdir(parents=True)
    (docs / "papers" / "toy.md").write_text(f"# Toy\n\n{pages.BEGIN}\nold\n{pages.END}\nafter\n")
    for name in ("toy", "toy-more"):
        store.save(results / f"{name}.json", store.document(replace(TOY, name=name), finished(), steps=4))
    pages.write_pages(docs, results, {"toy": "A toy.", "unmeasured": "Nothing."})
    page = (docs / "papers" / "toy.md").read_text()
    assert page.startswith("# Toy\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert page.count("Two slopes**") == 2
    assert page.count(".png") == page.count("(../../results/toy.png)") == 1
    assert "- ours is higher: yes, on all 2 seeds\n- seed 1 is 5 high: **on 1 of 2 seeds**" in page
    overview = (docs / "results.md").read_text()
    assert "## [toy](papers/toy.md)" in overview
    assert "unmeasured" not in overview


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs the lines <!-- results -->"):
        pages.with_results("# Toy\n", [], tmp_path / "toy.md", tmp_path)


def test_the_checked_in_pages_are_what_the_checked_in_results_give(tmp_path: Path) -> None:
    known = {name: paper.title for name, paper in papers().items()}
    found = {name: measured for name in known if (measured := pages.documents(ROOT / "benchmarks/results", name))}
    results = ROOT / "benchmarks/results"
    beside = {ROOT / "docs" / f"{name}.md": m for name in pages.BESIDE if (m := pages.documents(results, name))}
    of_papers = {ROOT / "docs" / "papers" / f"{name}.md": measured for name, measured in found.items()}
    for page, measured in {**of_papers, **beside}.items():
        text = page.read_text(encoding="utf-8")
        assert pages.with_results(text, measured, page, results) == text, f"{page}: run --pages docs"
    overview = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert pages.results_page(found, known) == overview, (
        "docs/results.md: run python -m jurybox.benchmarks --pages docs"
    )


def test_every_result_names_the_experiment_of_its_file() -> None:
    for path in (ROOT / "benchmarks/results").glob("*.json"):
        document = store.load(path)
        assert document["experiment"] == path.stem
        assert not document["quick"], f"{path.name} is a quick run's"


def test_a_paper_has_one_picture() -> None:
    pictures = {path.stem for path in (ROOT / "benchmarks/results").glob("*.png")}
    assert pictures == {path.stem for path in (ROOT / "benchmarks/results").glob("*.json")} & set(papers())


def test_everything_is_listed_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    for entry in (*papers().values(), *speeds().values()):
        assert entry.name in listed
        assert entry.title


def test_an_unknown_name_is_answered_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["ngpro"]) == 2
    assert "no benchmark is called ngpro; there are: adaptthink, " in capsys.readouterr().err


def test_pictures_that_are_checked_in_are_small() -> None:
    pictures = [*(ROOT / "benchmarks" / "results").glob("*.png"), *(ROOT / "docs").rglob("*.png")]
    assert len(pictures) > 10
    for path in pictures:
        with Image.open(path) as image:
            assert image.mode == "P", f"{path.name} has no palette: save it with save_figure"
        assert path.stat().st_size < 120_000, path.name


def test_a_picture_with_a_palette_looks_as_it_was_drawn(tmp_path: Path) -> None:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [0, 1], color="#c0392b")
    save_figure(figure, tmp_path / "small.png")
    figure.savefig(tmp_path / "large.png")
    assert (tmp_path / "small.png").stat().st_size < 0.7 * (tmp_path / "large.png").stat().st_size
    small, large = (Image.open(tmp_path / f"{name}.png").convert("RGB") for name in ("small", "large"))
    off = ImageStat.Stat(ImageChops.difference(small, large))
    assert small.size == large.size
    assert max(off.mean) < 2
