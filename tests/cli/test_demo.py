"""`jurybox demo`: few steps leave a plot and a record; what cannot be had is told in a sentence."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from jurybox.benchmarks.playground import setups, warmstart
from jurybox.benchmarks.playground.hacking import reward_model, world
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.cli import main
from jurybox.cli.composing import composed_reward


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Warm starts of two steps and a reward model of few pairs, in a cache of this test's own."""
    monkeypatch.setattr(world, "WarmStart", functools.partial(quick_warm_start, world.WarmStart))
    monkeypatch.setattr(reward_model.learned_proxy, "__kwdefaults__", {"seed": 0, "pairs": 128, "on_step": None})
    monkeypatch.setattr("jurybox.cli.story.HELD_OUT", 4)
    monkeypatch.setenv("JURYBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)


def quick_warm_start(recipe: type, **settings: object) -> object:
    return recipe(**{**settings, "steps": 2, "batch": 4})


def tiny_checkpoint(path: Path) -> str:
    """A small model with random weights, and a byte-level tokenizer that reads anything."""
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator([], trainers.BpeTrainer(special_tokens=["<eos>", "<unk>"], initial_alphabet=alphabet))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<eos>", unk_token="<unk>")
    tokenizer.save_pretrained(path)
    tiny_policy(tokenizer, hidden=32, layers=2, heads=2, mlp=64, positions=512).save_pretrained(path)
    return str(path)


def worked_problems(path: Path) -> str:
    rows = [
        {"question": f"{n} plus $1 — how much?", "answer": f"{n}+1=<<{n}+1={n + 1}>>.\n#### {n + 1}"} for n in range(24)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.slow
def test_the_story_leaves_a_plot_and_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--steps", "2", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "What the reward model likes",
        "held-out prompts of each task",
        "GRPO on the proxy",
        "CRPG with judges",
    ):
        assert words in printed
    record = json.loads((tmp_path / "runs/demo/demo.json").read_text())
    assert (record["seed"], record["steps"]) == (3, 2)
    assert [run["method"] for run in record["runs"]] == ["grpo", "crpg"]
    for run in record["runs"]:
        assert [checkup["step"] for checkup in run["checkups"]] == [0, 1, 2]
        assert [entry["step"] for entry in run["history"]] == [1, 2]
    grpo, crpg = (run["checkups"][0] for run in record["runs"])
    assert grpo == crpg, "both start from the same policy"
    assert "arithmetic/right_sum/violated" in record["runs"][1]["history"][0]
    assert (tmp_path / "runs/demo/demo.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_composed_reward_trains_the_playground(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = functools.partial(warmstart.WarmStart, steps=2, batch=4)
    for module in (setups, warmstart):
        monkeypatch.setattr(module, "WarmStart", quick)
    assert main(["demo", "--compose", "--steps", "2", "--seed", "3"]) == 0
    assert "0.2 * FormatJudge()" in capsys.readouterr().out
    record = json.loads((tmp_path / "runs/demo/demo.json").read_text())
    assert list(record["table"]) == ["accuracy", "format", "too long", "reward", "characters"]
    assert [check["step"] for check in record["held_out"]] == [0, 1, 2]
    assert "accuracy/score" in record["history"][0]
    assert (tmp_path / "runs/demo/demo.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_real_checkpoint_and_real_data_take_the_same_way(tmp_path: Path) -> None:
    checkpoint, problems = tiny_checkpoint(tmp_path / "model"), worked_problems(tmp_path / "gsm.jsonl")
    options = ["--steps", "2", "--new-tokens", "8", "--output", str(tmp_path / "out")]
    assert main(["demo", "--model", checkpoint, "--dataset", problems, *options]) == 0
    record = json.loads((tmp_path / "out/demo.json").read_text())
    assert record["policy"] == checkpoint
    assert record["data"] == problems
    assert record["plan"]["learning_rate"] == 2e-6
    assert [entry["step"] for entry in record["history"]] == [1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "x.jsonl"], "--dataset needs --model"),
        (["--learning-rate", "1e-6"], "--learning-rate needs --model"),
        (["--device", "cuda"], "--device cuda needs --model"),
        (["--steps", "0"], "at least one step, got 0"),
        (["--model", "./nowhere"], "is no local directory or reachable hub name"),
    ],
)
def test_what_cannot_be_had_is_told_in_a_sentence(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *options]) == 2
    assert message in capsys.readouterr().err


def test_missing_files_are_told_before_any_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "model")
    assert main(["demo", "--model", checkpoint, "--dataset", "gone.jsonl"]) == 2
    assert "gone.jsonl: no such file" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told_before_any_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["demo", "--output", str(tmp_path / "file" / "out")]) == 2
    assert "file" in capsys.readouterr().err


@pytest.mark.parametrize(("package", "extra"), [("matplotlib", "plot"), ("trl", "trl")])
def test_a_missing_extra_is_named(package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from jurybox.cli import main; sys.exit(main(['demo']))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert f"this needs the package {package}: pip install 'jurybox[{extra}]'" in ended.stderr


def test_the_reward_pays_for_each_part() -> None:
    reward = composed_reward(48)
    tidy = r"<think>1+1=2</think>\boxed{2}"
    assert reward.verdict(tidy, solution="2").score == pytest.approx(1.2)
    assert reward.verdict(tidy, solution="3").score == pytest.approx(0.2)
    assert reward.verdict(r"\boxed{2}", solution="2").score == pytest.approx(1.0)
    assert reward.verdict(f"<think>{'1+1=2;' * 8}</think>\\boxed{{2}}", solution="2").score == pytest.approx(1.1)
