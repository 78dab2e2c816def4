"""The loop around flow-matching models: what is learnt, what is left out, resuming, processes, adapters."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from diffusion_runs import DIMENSIONS, ROWS, Network, encode, first, trainer, unscored, weights
from launching import launch
from torch import nn

from jurybox.judges import judge
from jurybox.rewards import Function
from jurybox.trainers import FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer, Velocity
from jurybox.trainers.diffusion.randomness import row_noise

BOTH = pytest.mark.parametrize("name", ["flow", "guard"])


@BOTH
def test_a_reward_rises_and_the_last_step_is_not_trained(name, tmp_path):
    run = trainer(name, tmp_path, max_rollouts=12, num_generations=16, noise_level=0.5)
    before = weights(run)
    run.train()
    rewards = [entry["reward"] for entry in run.log_history]
    assert sum(rewards[-3:]) > sum(rewards[:3]) + 0.5
    assert weights(run) != before
    steps = {key.rpartition("/")[2] for entry in run.log_history for key in entry if key.startswith("ratio/std/")}
    assert steps == {"0", "1", "2", "3", "4"}  # of six


@BOTH
def test_the_first_pass_is_on_policy(name, tmp_path):
    run = trainer(name, tmp_path, max_rollouts=1, num_iterations=1, updates_per_rollout=1, rows_per_forward=3)
    run.train()
    for j in range(5):
        assert abs(run.log_history[0][f"ratio/mean-1/{j}"]) < 1e-6
        assert run.log_history[0][f"drift/{j}"] < 1e-9


@pytest.mark.parametrize(
    "reward",
    [
        lambda completions, **_: [0.1] * len(completions),
        lambda completions, **_: [math.nan] * len(completions),
        lambda completions, **_: [None] * len(completions),
    ],
    ids=["equal", "nan", "none"],
)
def test_without_an_advantage_nothing_is_updated(reward, tmp_path):
    run = trainer("guard", tmp_path, reward, max_rollouts=2)
    before = weights(run)
    run.train()
    assert weights(run) == before
    assert [entry["updates"] for entry in run.log_history] == [0, 0]
    assert run.learner.optimizer.state_dict()["state"] == {}


def test_a_row_that_nobody_scored_is_not_learnt_from(tmp_path):
    run = trainer("guard", tmp_path, unscored, prompts_per_rollout=4, max_rollouts=1, num_iterations=1)
    run.train()
    entry = run.log_history[0]
    assert 0.5 <= entry["frac_unscored"] < 1
    assert entry["frac_zero_advantage"] >= entry["frac_unscored"]
    assert math.isfinite(entry["reward"])


def test_judges_read_completions_and_monitors_are_only_looked_at(tmp_path):
    seen = []

    @judge(reads="completion")
    def positive(point, target):
        seen.append((tuple(point.shape), target))
        return float(torch.sigmoid(point[0]))

    run = trainer("guard", tmp_path, positive, options={"monitors": {"gold": Function(first)}}, max_rollouts=1)
    run.train()
    assert len(seen) == 8
    assert {shape for shape, _ in seen} == {(DIMENSIONS,)}
    assert math.isfinite(run.log_history[0]["monitor/gold"])
    other = trainer("guard", tmp_path, positive, max_rollouts=1)
    other.train()
    assert weights(other) == weights(run)


def test_resuming_gives_what_an_undisturbed_run_gives(tmp_path):
    settings = {"max_rollouts": 4, "save_every": 2, "steps_per_update": 3, "updates_per_rollout": 2}
    whole = trainer("guard", tmp_path / "whole", **settings)
    whole.train()
    halved = trainer("guard", tmp_path / "halved", **{**settings, "max_rollouts": 2})
    halved.train()
    resumed = trainer("guard", tmp_path / "halved", **settings)
    resumed.train(resume_from_checkpoint=True)
    assert resumed.rollouts == 4
    assert weights(resumed) == weights(whole)
    averages = [run.learner.average.weights for run in (resumed, whole)]
    assert all(map(torch.equal, *averages))
    assert sorted(path.name for path in (tmp_path / "halved").iterdir()) == ["checkpoint-2", "checkpoint-4"]
    with pytest.raises(ValueError, match="ema_decay"):
        trainer("guard", tmp_path, ema_decay=None).load(tmp_path / "halved" / "checkpoint-2")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        trainer("guard", tmp_path / "nothing").train(resume_from_checkpoint=True)


def test_the_average_is_what_evaluation_and_saving_use(tmp_path):
    run = trainer("guard", tmp_path, ema_decay=0.5)
    run.train()
    before, averaged = weights(run), run.generate(["up", "down"])
    assert weights(run) == before
    run.learner.average = None
    assert not torch.equal(torch.stack(averaged), torch.stack(run.generate(["up", "down"])))
    assert len(averaged) == 2


def test_noise_belongs_to_rows():
    whole = row_noise(3, 1, 5, rows=range(4), steps=2, shape=(3,))
    assert torch.equal(whole[2:], row_noise(3, 1, 5, rows=[2, 3], steps=2, shape=(3,)))
    assert not torch.equal(whole, row_noise(3, 1, 6, rows=range(4), steps=2, shape=(3,)))


def test_adapters_alone_are_trained_and_saved(tmp_path):
    peft = pytest.importorskip("peft")
    network = Network()
    frozen = copy.deepcopy(network.state_dict())
    run = trainer(
        "guard",
        tmp_path,
        options={
            "velocity": Velocity(network, (DIMENSIONS,), encode=encode),
            "peft_config": peft.LoraConfig(r=2, target_modules=["first", "second"]),
        },
    )
    run.train()
    assert all("lora_" in name for name in run.learner.names)
    assert any(
        p.abs().sum() > 0 for name, p in zip(run.learner.names, run.learner.parameters, strict=True) if "lora_B" in name
    )
    assert torch.equal(run.velocity.module.get_base_model().first.base_layer.weight, frozen["first.weight"])
    run.save_model(tmp_path / "adapter")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()


def test_any_callable_is_a_velocity(tmp_path):
    scale = nn.Linear(1, DIMENSIONS, bias=False)
    velocity = Velocity(scale, (DIMENSIONS,), call=lambda x, sigma, condition: x * scale.weight.T)
    run = trainer("flow", tmp_path, options={"velocity": velocity}, schedule="constant", noise_level=0.3)
    run.train()
    assert run.log_history[-1]["updates"] == 2


def test_what_a_network_says_wrong_ends_the_run(tmp_path):
    class Broken(Network):
        def forward(self, x, sigma, condition):
            return super().forward(x, sigma, condition) / 0

    run = trainer("guard", tmp_path, options={"velocity": Velocity(Broken(), (DIMENSIONS,), encode=encode)})
    with pytest.raises(FloatingPointError, match="velocity at sigma=1"):
        run.train()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"schedule": "cosine"}, "schedule must be one of"),
        ({"noise_level": 0.0}, "noise_level is positive"),
        ({"clip_range": math.nan}, "clip_range"),
        ({"bias_reduction": "sum"}, "bias_reduction must be one of"),
        ({"train_fraction": 0.01}, "leaves none to train"),
        ({"steps_per_update": 10}, "steps are trained"),
        ({"num_generations": 0}, "num_generations"),
        ({"ema_decay": 1.0}, "ema_decay"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        GRPOGuardConfig(**settings)


def test_mistakes_are_told_when_the_trainer_is_built(tmp_path):
    network = Velocity(Network(), (DIMENSIONS,), encode=encode)
    with pytest.raises(TypeError, match="FlowGRPOConfig, not GRPOGuardConfig"):
        FlowGRPOTrainer(network, first, args=GRPOGuardConfig(), train_dataset=ROWS)
    with pytest.raises(ValueError, match="column 'prompt'"):
        GRPOGuardTrainer(network, first, train_dataset=[{"caption": "x"}])
    with pytest.raises(ValueError, match="no rows"):
        GRPOGuardTrainer(network, first, train_dataset=[])
    with pytest.raises(TypeError, match="call="):
        Velocity(first, (DIMENSIONS,))
    network.module.requires_grad_(False)
    with pytest.raises(ValueError, match="nothing to train"):
        GRPOGuardTrainer(network, first, train_dataset=ROWS)


def without_parts(entry):
    """A line of the log without what the reward's parts say, such as seconds: those are means of processes' means."""
    return {name: value for name, value in entry.items() if not name.startswith("unscored/")}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "updates"), [("guard", 1), ("flow", 2)])
def test_two_processes_learn_what_one_learns(name, updates, tmp_path):
    arguments = (name, str(updates))
    script = Path(__file__).parent / "diffusion_runs.py"
    (one,) = launch(script, str(tmp_path / "1"), *arguments, processes=1, out=tmp_path / "1")
    two = launch(script, str(tmp_path / "2"), *arguments, processes=2, out=tmp_path / "2")
    assert two[0]["weights"] == two[1]["weights"]
    logs = [[without_parts(entry) for entry in told["log"]] for told in (one, *two)]
    assert logs[1] == logs[2]
    if updates == 1:  # else the processes cut mini-batches of their own
        assert two[0]["weights"] == pytest.approx(one["weights"], abs=1e-5)
        for ours, theirs in zip(*logs[:2], strict=True):
            assert theirs == pytest.approx(ours, abs=1e-4)
    assert (tmp_path / "2" / "run" / "checkpoint-3" / "trainer.pt").exists()
