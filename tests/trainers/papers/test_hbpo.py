"""HBPO: what an answer under a budget is worth, budgets against each other, and the announcement in the trainer."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from online_papers import PAPERS
from paper_runs import build
from seam_tiny import tiny_tokenizer

from jurybox.trainers import HBPOConfig
from jurybox.trainers.papers.hbpo import HBPO, budget_advantages, budget_of, budget_reward, ceiling
from jurybox.trainers.papers.hbpo.trainer import PATIENCE

BUDGETS = (512, 1024, 2048, 2560)
F2 = [3.92314, 3.69552, 2.82843, 2.22228]


def reward(n: Any, b: Any, correct: Any = 1.0, **more: Any) -> torch.Tensor:
    n, b, correct = torch.broadcast_tensors(*(torch.as_tensor(x, dtype=torch.float64) for x in (n, b, correct)))
    return budget_reward(n, b, correct, **more)


def test_the_worked_example() -> None:
    expected = [3.81084, 2.22228, 1.02475, 1.52475, -0.875]
    got = reward([700, 700, 3000, 3000, 4096], [512, 2560, 512, 2560, 512])
    torch.testing.assert_close(got, torch.tensor(expected).double(), atol=1e-5, rtol=0)
    rewards = torch.tensor([3.81084, 0, 2.22228, 2.22228], dtype=torch.float64)
    found = budget_advantages(rewards, torch.tensor([512, 512, 2560, 2560]), torch.zeros(4, dtype=torch.long))
    for name, values in {
        "inter": [1.11523, -1.31750, 0.10114, 0.10114],
        "intra": [-2.01772, -2.01772, 0, 0],
        "advantage": [-0.90250, -3.33522, 0.10114, 0.10114],
    }.items():
        torch.testing.assert_close(getattr(found, name), torch.tensor(values).double(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("form", ["piecewise", "min"])
@pytest.mark.parametrize("budget", BUDGETS)
def test_a_budget_is_worth_its_ceiling_and_more_tokens_less(budget: int, form: Any) -> None:
    n = torch.arange(1, 4098)
    curve = reward(n, budget, form=form)
    if form == "piecewise":
        assert (curve[:budget] == curve[0]).all()
    assert curve[budget - 1].item() == pytest.approx(F2[BUDGETS.index(budget)], abs=1e-5)
    assert (curve[budget - 1 : 4096].diff() < 0).all()
    assert curve[budget - 1] - curve[budget] < 3e-3, "continuous"
    assert curve[4096] == 0
    assert (reward(n, budget, 0.0, form=form) == 0).all()
    assert (curve <= F2[BUDGETS.index(budget)] + 1e-5).all()


def test_short_answers_earn_most_under_the_small_budget_and_long_ones_under_the_large() -> None:
    short, long = reward(300, BUDGETS), reward(3000, BUDGETS)
    assert (short.argmax(), long.argmax()) == (0, 3)
    assert (reward(1, 512, form="min") < reward(1, 512)).all()


def test_order_does_not_matter() -> None:
    generator = torch.Generator().manual_seed(0)
    rewards = torch.rand(24, generator=generator, dtype=torch.float64) * 4
    rewards[5] = torch.nan
    budgets, groups = torch.tensor([512, 1024] * 12), torch.arange(24) // 8
    order = torch.randperm(24, generator=generator)
    for center in (False, True):
        whole = budget_advantages(rewards, budgets, groups, center=center).advantage
        shuffled = budget_advantages(rewards[order], budgets[order], groups[order], center=center).advantage
        torch.testing.assert_close(shuffled, whole[order])


def test_all_wrong_all_equal_and_unscored_rows() -> None:
    budgets, group = torch.tensor([512, 512, 2560, 2560]), torch.zeros(4, dtype=torch.long)
    wrong = budget_advantages(torch.zeros(4, dtype=torch.float64), budgets, group)
    assert wrong.inter.tolist() == [0.0] * 4
    torch.testing.assert_close(wrong.intra, -ceiling(budgets.double()))
    within = budget_advantages(ceiling(budgets.double()), budgets, group)
    assert within.intra.abs().max() < 1e-12
    rewards = torch.tensor([3.0, torch.nan, torch.nan, torch.nan], dtype=torch.float64)
    alone = budget_advantages(rewards, budgets, group)
    assert alone.inter.tolist() == [0.0] * 4, "nothing to compare with"
    assert alone.intra[0].item() == pytest.approx(3.0 - F2[0], abs=1e-5)
    assert alone.advantage[1:].tolist() == [0.0] * 3
    # A subgroup is a budget of one prompt: the other prompt's answers are not in its mean.
    two = budget_advantages(torch.tensor([3.0, 3.0, 1.0, 1.0]), torch.tensor([512, 1024, 512, 1024]),
                            torch.tensor([0, 0, 1, 1]))  # fmt: skip
    assert two.intra[0] - two.intra[2] == pytest.approx(2.0)


@pytest.mark.parametrize("coefficient", [0.5, 1.0, 2.0])
def test_centred_advantages_add_up_to_nothing(coefficient: float) -> None:
    rewards = torch.tensor([3.9, 0.0, 0.0, 0.0, torch.nan, 2.2, 2.2, 0.0], dtype=torch.float64)
    budgets, group = torch.tensor([512] * 4 + [2560] * 4), torch.zeros(8, dtype=torch.long)
    centred = budget_advantages(rewards, budgets, group, coefficient, center=True)
    paper = budget_advantages(rewards, budgets, group, coefficient)
    assert centred.advantage.sum().item() == pytest.approx(0.0, abs=1e-9)
    assert paper.advantage.mean() < -0.5
    assert centred.advantage[4] == 0
    gap = (centred.intra - paper.intra)[[0, 1, 2, 3, 5, 6, 7]]
    assert gap.std() < 1e-12, "budgets differ by as much"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: reward(-1, 512), "n_gen"),
        (lambda: reward(1, 0), "budget"),
        (lambda: reward(1, 5000), "budget"),
        (lambda: reward(1, math.nan), "budget"),
        (lambda: reward(1, 512, form="max"), "form"),
        (lambda: budget_advantages(torch.zeros(3), torch.full((3,), 512), torch.tensor([0, 0, 1])), "group_ids"),
        (lambda: budget_advantages(torch.zeros(2), torch.full((2,), 5000), torch.tensor([0, 0])), "budget"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budgets": [1, 2, 3]}, "is no multiple of the 3 budgets"),
        ({"budgets": [512, 5000]}, "5000 is not above 0 and at most 4096"),
        ({"budgets": [512, 512]}, "each once"),
        ({"announcement": "briefly"}, "write {budget}"),
        ({"form": "max"}, "form must be"),
        ({"intra_coef": -1.0}, "intra_coef"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        HBPOConfig("out", use_cpu=True, bf16=False, report_to="none", **settings)


def test_equal_shares_in_order() -> None:
    assert [budget_of(slot, 6, (1, 2, 3)) for slot in range(6)] == [1, 1, 2, 2, 3, 3]


class Recording(HBPO):
    """Keeps what came of each generation."""

    def advantages(self, rollout: Any) -> Any:
        self.rollouts = [*getattr(self, "rollouts", []), rollout]
        return super().advantages(rollout)


def recorded(model_dir: str, out: Any, paper: Any = PAPERS["hbpo"], **settings: Any) -> Any:
    trainer = build(paper, model_dir, str(out), **settings)
    trainer.policy_objective.__class__ = Recording
    trainer.train()
    return trainer


@pytest.mark.slow
@pytest.mark.parametrize("learnt", [True, False])
def test_every_budget_is_announced_equally_often_and_learnt_or_not(learnt: bool, model_dir: str, tmp_path: Any) -> None:
    trainer = recorded(
        model_dir, tmp_path, train_prefix=learnt, max_steps=1, eval_strategy="steps", eval_steps=1,
        per_device_eval_batch_size=8,
    )  # fmt: skip
    trained = next(one for one in trainer.policy_objective.rollouts if one.training)
    tokenizer = tiny_tokenizer()
    announced = [row["budget"] for row in trained.rows]
    assert announced == [2, 2, 7, 7] * 2
    for place, row in enumerate(trained.rows):
        prefix = tokenizer(f"e{row['budget']}")["input_ids"]
        assert trained.completion_ids[place][: len(prefix)].tolist() == prefix
        assert trained.mask[place][: len(prefix)].tolist() == [int(learnt)] * len(prefix)
        assert row["response_length"] == int(trained.mask[place].sum()) + (0 if learnt else len(prefix))
    evaluated = next(one for one in trainer.policy_objective.rollouts if not one.training)
    assert not any("budget" in row for row in evaluated.rows)
    log = trainer.state.log_history[0]
    assert {"hbpo/mean_advantage", "hbpo/reward", "hbpo/over_budget", "hbpo/length_2", "hbpo/accuracy_7"} <= set(log)


@pytest.mark.slow
def test_a_response_without_what_it_must_hold_may_cost(model_dir: str, tmp_path: Any) -> None:
    settings = {"format_error_reward": -1.0, "required": ["never"], "max_steps": 1}
    trainer = recorded(model_dir, tmp_path, **settings)
    assert trainer.state.log_history[0]["hbpo/reward"] == -1


@pytest.mark.slow
def test_it_is_said_when_everything_is_pushed_down(model_dir: str, tmp_path: Any) -> None:
    failing = dataclasses.replace(PAPERS["hbpo"], reward=lambda: lambda completions, **_: [0.0] * len(completions))
    settings = {"max_steps": PATIENCE, "center_intra": False, "intra_coef": 1.0, "learning_rate": 0.0}
    with pytest.warns(UserWarning, match=f"below -1 for {PATIENCE} generations"):
        recorded(model_dir, tmp_path, failing, **settings)


@pytest.mark.slow
def test_an_announcement_that_fills_the_response_is_refused(model_dir: str, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="leaves no room for an answer"):
        recorded(model_dir, tmp_path, announcement="{budget}" + "e" * 20)


def leaked(center: bool, coefficient: float, seed: int, steps: int = 200) -> list[float]:
    """How likely a policy of numbers, after training, opens with none of its budgets: easy questions, hard ones.

    Two budgets and eight other openings. Nine in ten answers to easy questions are right under both budgets; of hard
    ones a quarter under the large one. Openings are announced, never sampled, and learnt.
    """
    generator = torch.Generator().manual_seed(seed)
    shared, own = torch.zeros(10), torch.zeros(2, 10, requires_grad=True)
    shared[:2] = 5.0
    shared.requires_grad_()
    optimizer = torch.optim.Adam([shared, own], lr=0.05)
    budgets, group = torch.tensor([4.0] * 4 + [9.0] * 4), torch.zeros(8, dtype=torch.long)
    for _ in range(steps):
        loss = torch.zeros(())
        for kind, passes in enumerate(([0.9] * 8, [0.0] * 4 + [0.25] * 4)):
            right = (torch.rand(8, generator=generator) < torch.tensor(passes)).float()
            lengths = torch.cat([torch.randint(*span, (4,), generator=generator) for span in ((3, 6), (7, 11))]).float()
            rewards = budget_reward(lengths, budgets, right, 14)
            gains = budget_advantages(rewards, budgets, group, coefficient, L_max=14, center=center).advantage
            loss = loss - (gains * (shared + own[kind]).log_softmax(-1)[(budgets == 9).long()]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    openings: list[float] = (shared + own).detach().softmax(-1)[:, 2:].sum(-1).tolist()
    return openings


@pytest.mark.parametrize("seed", [0, 1])
def test_the_papers_intra_term_drives_a_learnt_announcement_to_what_was_never_sampled(seed: int) -> None:
    assert min(leaked(False, 1.0, seed)) > 0.9
    assert max(leaked(True, 0.25, seed) + leaked(True, 1.0, seed) + leaked(False, 0.0, seed)) < 0.1
