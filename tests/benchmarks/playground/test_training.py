"""A run from plan to plot: two steps change the policy, the same seed changes it the same way."""

import json
from pathlib import Path

import pytest
import torch

from jurybox.benchmarks.playground.heldout import HeldOut, Measurement
from jurybox.benchmarks.playground.plot import running_mean, save_plot
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.benchmarks.playground.record import RunRecord
from jurybox.benchmarks.playground.tasks import Chains, draw_rows
from jurybox.benchmarks.playground.tokenizer import character_tokenizer
from jurybox.benchmarks.playground.training import Plan, train
from jurybox.judges import judge
from jurybox.rewards import Reward

PLAN = Plan(steps=2, prompts=2, group=4, new_tokens=6)


@judge
def digits(completion: str) -> float:
    return sum(c.isdigit() for c in completion) / max(len(completion), 1)


@judge
def silent(completion: str) -> None:
    return None


def reward() -> Reward:
    composed: Reward = digits.named("digits") + 0.5 * silent.named("silent")
    return composed


@pytest.mark.parametrize(
    ("changes", "message"), [({"steps": 0}, "at least one step"), ({"group": 1}, "at least two completions")]
)
def test_plans_that_make_no_sense_are_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(**changes)


def test_a_measurement_is_of_every_part_and_leaves_abstentions_out() -> None:
    rows = draw_rows(Chains(), 5, seed=0, split="held-out")
    tokenizer = character_tokenizer()
    held_out = HeldOut(rows, reward(), new_tokens=8)
    measured = held_out.measure(tiny_policy(tokenizer), tokenizer, step=3)
    texts = measured.completions
    shares = [sum(c.isdigit() for c in text) / max(len(text), 1) for text in texts]
    assert measured.step == 3
    assert measured.parts["digits"] == pytest.approx(sum(shares) / 5)
    assert measured.parts["silent"] != measured.parts["silent"]
    assert measured.abstained == {"digits": 0.0, "silent": 1.0}
    assert measured.reward == pytest.approx(1.5 * sum(shares) / 5)
    assert measured.characters == pytest.approx(sum(map(len, texts)) / 5)


@pytest.mark.slow
def test_two_steps_of_grpo_are_decided_by_the_seed() -> None:
    torch.set_num_threads(1)
    tokenizer = character_tokenizer()
    heard: list[int] = []

    def trained(plan: Plan) -> tuple[torch.Tensor, list[dict[str, float]]]:
        policy = tiny_policy(tokenizer)
        history = train(
            policy,
            tokenizer,
            reward(),
            draw_rows(Chains(), 16, seed=0),
            plan,
            listen=lambda step, _: heard.append(step),
        )
        return policy.lm_head.weight.detach().clone(), history

    weights, history = trained(PLAN)
    assert heard == [1, 2] == [entry["step"] for entry in history]
    assert not torch.equal(weights, tiny_policy(tokenizer).lm_head.weight)
    assert "digits/score" in history[0]
    assert history[0]["silent/abstained"] == 1.0
    again, history_again = trained(PLAN)
    assert torch.equal(weights, again)
    assert [entry["reward"] for entry in history] == [entry["reward"] for entry in history_again]
    assert not torch.equal(weights, trained(Plan(steps=2, prompts=2, group=4, new_tokens=6, seed=1))[0])


def test_a_record_is_json_and_a_picture(tmp_path: Path) -> None:
    before = Measurement(0, 0.4, {"a": 0.25, "b": float("nan")}, {"a": 0.0, "b": 1.0}, 30.0, ["x", "y"])
    after = Measurement(2, 0.9, {"a": 0.75, "b": 0.5}, {"a": 0.0, "b": 0.0}, 20.0, ["u", "v"])
    history = [{"step": 1, "reward": 0.4, "a/score": 0.3}, {"step": 2, "reward": 0.9, "a/score": 0.7}]
    record = RunRecord("tiny", "toy", "A() - 0.5 * B()", {"a": 1.0, "b": -0.5}, PLAN, history, [before, after])
    assert record.rows()[0] == ("a", 0.25, 0.75)
    record.save(tmp_path / "deep" / "run.json", examples=1)
    saved = json.loads((tmp_path / "deep" / "run.json").read_text())
    assert saved["table"]["b"] == {"before": None, "after": 0.5}
    assert saved["completions"] == {"before": ["x"], "after": ["u"]}
    assert saved["plan"]["seed"] == 0
    assert {"python", "torch", "trl"} <= saved["versions"].keys()
    save_plot(record, tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


def test_running_mean_never_looks_ahead() -> None:
    assert running_mean([0, 1, 2, 3], window=2) == [0, 0.5, 1.5, 2.5]
    assert running_mean([], window=3) == []
