"""NGRPO's functions against independent forms in float64, its identities, its config, and its claim on a bandit."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from jurybox.benchmarks.papers.ngrpo.bandit import ARMS, Bandit
from jurybox.judges import ExactJudge
from jurybox.rewards import Reward
from jurybox.trainers import NGRPO, NGRPOConfig
from jurybox.trainers.objectives import consecutive_groups, standardize
from jurybox.trainers.papers.ngrpo import _range, all_right, all_wrong, ngrpo_advantage, ngrpo_filter, ngrpo_loss

NAN = math.nan
ONE_GROUP = torch.zeros(8, dtype=torch.long)


def of_group(rewards: list[float], r_max: float, v: int, eps: float, ddof: int) -> list[float]:
    """The paper's formula for one group, without tensors; NaN is left out."""
    x = [r_max if abs(r - r_max) <= 1e-5 else r for r in rewards if r == r] + [r_max] * v
    if len(x) <= ddof:
        return [0.0] * len(rewards)
    mu = sum(x) / len(x)
    sigma = math.sqrt(sum((value - mu) ** 2 for value in x) / (len(x) - ddof))
    return [(r - mu) / (sigma + eps) if r == r else 0.0 for r in rewards]


def group(*rewards: float, **options: Any) -> list[float]:
    values = torch.tensor(rewards, dtype=torch.float64)
    return ngrpo_advantage(values, torch.zeros(len(values), dtype=torch.long), **options).tolist()


def config(**settings: Any) -> NGRPOConfig:
    return NGRPOConfig("unused", use_cpu=True, bf16=False, report_to="none", **settings)


@pytest.mark.parametrize("options", [{}, {"num_virtual": 3}, {"ddof": 0}, {"max_reward": 2.5}, {"num_virtual": 0}])
def test_advantages_equal_an_independent_form_whatever_the_order_of_rows(options: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    rewards = torch.rand(40, generator=generator, dtype=torch.float64).round(decimals=2)
    rewards[::7] = NAN
    ids = torch.randint(0, 6, (40,), generator=generator)
    ours = ngrpo_advantage(rewards, ids, **options)
    given = {"max_reward": 1.0, "num_virtual": 1, "ddof": 1, **options}
    for number in ids.unique():
        rows = (ids == number).nonzero().flatten()
        wanted = of_group(rewards[rows].tolist(), given["max_reward"], given["num_virtual"], 1e-6, given["ddof"])
        assert ours[rows].tolist() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("right", "of_right", "of_wrong"),
    [(0, None, -0.3333), (1, 1.7638, -0.5040), (2, 1.3333, -0.6667), (4, 0.8433, -1.0541), (7, 0.3333, -2.6667)],
)
def test_worked_example(right: int, of_right: float | None, of_wrong: float) -> None:
    advantages = group(*[1.0] * right, *[0.0] * (8 - right))
    assert advantages[-1] == pytest.approx(of_wrong, abs=1e-4)
    if of_right is not None:
        assert advantages[0] == pytest.approx(of_right, abs=1e-4)


@pytest.mark.parametrize("size", range(2, 17))
def test_identities(size: int) -> None:
    for gap in (1.0, 0.25, 1e-3):  # eps counts when the gap is small
        assert group(*[1.0 - gap] * size) == pytest.approx([-1 / math.sqrt(size + 1)] * size, abs=1e-2 * 1e-3 / gap)
        assert group(*[1.0 - gap] * size, ddof=0) == pytest.approx([-1 / math.sqrt(size)] * size, abs=1e-2 * 1e-3 / gap)
    assert group(*[1.0] * size) == [0.0] * size
    mixed = [1.0, *[0.0] * (size - 1)]
    mu = 2 / (size + 1)
    sigma = math.sqrt((2 * (1 - mu) ** 2 + (size - 1) * mu**2) / size)
    assert sum(group(*mixed)) == pytest.approx(-(1 - mu) / sigma, abs=1e-4)


def test_without_virtual_answers_it_is_grpo() -> None:
    rewards = torch.rand(32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ids = consecutive_groups(32, 8)
    assert torch.equal(ngrpo_advantage(rewards, ids, num_virtual=0), standardize(rewards, ids, eps=1e-6))


def test_a_hair_below_the_maximum_is_the_maximum() -> None:
    assert group(*[0.999995] * 8) == [0.0] * 8
    assert group(*[0.99998] * 8)[0] < -0.28  # eps is felt
    in_float32 = torch.full((8,), 0.1) + 0.7 + 0.2  # a weighted sum that is not quite 1
    assert ngrpo_advantage(in_float32, ONE_GROUP).tolist() == [0.0] * 8


def test_missing_rewards_take_part_in_nothing() -> None:
    assert group(NAN, NAN) == [0.0, 0.0]
    assert group(1.0, NAN, 0.0, 0.0) == pytest.approx(of_group([1.0, NAN, 0.0, 0.0], 1.0, 1, 1e-6, 1))
    assert group(0.0, NAN) == pytest.approx([-1 / math.sqrt(2), 0.0], abs=1e-5)  # one scored row, and the virtual one
    assert group(0.5, NAN, num_virtual=0) == [0.0, 0.0]
    assert group(0.5) == pytest.approx([0.5], abs=1e-5)  # one row: as in the paper's code
    assert group(NAN) == [0.0]


def test_the_filter_drops_what_its_name_says() -> None:
    rewards = torch.tensor([1, 1, 0, 0, 1, 0, NAN, NAN, 1, NAN, 0, NAN, -1, 0], dtype=torch.float64)
    ids = consecutive_groups(14, 2)  # all right, all wrong, mixed, unscored, right as far as known, wrong, below 0
    kept = {name: ngrpo_filter(rewards, ids, name)[::2].tolist() for name in ("all_correct", "all_incorrect", "all")}
    assert kept == {
        "all_correct": [False, True, True, False, False, True, True],
        "all_incorrect": [True, False, True, False, True, False, False],
        "all": [False, False, True, False, False, False, False],
    }
    assert all_right(rewards, ids)[::2].tolist() == [True, False, False, False, True, False, False]
    assert all_wrong(rewards, ids)[::2].tolist() == [False, True, False, False, False, True, True]
    assert ngrpo_filter(torch.tensor([2.5, 2.5]), torch.tensor([4, 4]), max_reward=2.5).tolist() == [False, False]
    with pytest.raises(ValueError, match="unknown strategy 'none': expected 'all_correct'"):
        ngrpo_filter(rewards, ids, "none")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{"num_virtual": -1}, {"ddof": 2}, {"eps": -1e-6}, {"max_reward": NAN}, {"rewards": torch.tensor([math.inf])}],
)
def test_advantages_of_no_meaning_are_refused(options: dict[str, Any]) -> None:
    given: dict[str, Any] = {"rewards": torch.zeros(1), "group_ids": torch.zeros(1, dtype=torch.long)}
    with pytest.raises(ValueError, match=next(iter(options))):
        ngrpo_advantage(**{**given, **options})


@pytest.mark.parametrize(
    "options",
    [{"eps_low": -0.1}, {"eps_low": 1.5}, {"eps_high": NAN}, {"mask": torch.ones(2, 1)}, {"advantages": torch.ones(1)},
     {"advantages": torch.tensor([1.0, NAN])}],
)  # fmt: skip
def test_losses_of_no_meaning_are_refused(options: dict[str, Any]) -> None:
    given = dict.fromkeys(("logps", "old_logps", "mask"), torch.ones(2, 3)) | {"advantages": torch.ones(2)}
    with pytest.raises(ValueError, match=next(iter(options))):
        ngrpo_loss(**{**given, **options})


@pytest.mark.parametrize(
    ("advantage", "ratio", "is_clipped"),
    [(1, 1.23, False), (1, 1.25, True), (1, 0.5, False), (-1, 0.85, False), (-1, 0.83, True), (-1, 1.5, False)],
)
def test_good_rows_are_clipped_only_above_and_bad_ones_only_below(
    advantage: float, ratio: float, is_clipped: bool
) -> None:
    logps = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    loss, fraction = ngrpo_loss(logps, torch.zeros_like(logps), torch.ones(1, 1), torch.tensor([advantage]))
    loss.backward()
    assert fraction.item() == is_clipped
    assert logps.grad is not None
    assert (logps.grad.item() == 0) == is_clipped


def test_one_clip_is_the_papers_two_ranges() -> None:
    generator = torch.Generator().manual_seed(2)
    logps, old = (torch.randn(6, 5, generator=generator, dtype=torch.float64) * 0.2 for _ in range(2))
    mask = (torch.arange(5) < torch.tensor([5, 4, 3, 2, 1, 0]).unsqueeze(1)).long()
    advantages = torch.tensor([1.7, -0.5, 0.0, -0.3, 0.7, -1.0], dtype=torch.float64)
    total = clipped = 0.0
    for i, t in mask.nonzero().tolist():
        rho, A = math.exp(logps[i, t] - old[i, t]), advantages[i].item()
        wide = 0.24 if A > 0 else 0.16
        inside = min(max(rho, 1 - wide), 1 + wide)
        total += max(-A * rho, -A * inside)
        clipped += -A * inside > -A * rho
    loss, fraction = ngrpo_loss(logps, old, mask, advantages)
    assert loss.item() == pytest.approx(total / 15, abs=1e-12)
    assert fraction.item() == pytest.approx(clipped / 15)
    assert ngrpo_loss(logps, old, torch.zeros_like(mask), advantages)[0].item() == 0.0


def test_defaults_are_the_papers() -> None:
    paper = config()
    assert (paper.num_virtual, paper.ddof, paper.advantage_eps, paper.filter) == (1, 1, 1e-6, "all_correct")
    assert (paper.epsilon, paper.epsilon_high, paper.beta, paper.entropy_coef) == (0.16, 0.24, 0.0, 0.001)
    assert (paper.num_generations, paper.learning_rate, paper.max_completion_length) == (8, 1e-6, 3072)
    assert (paper.loss_type, paper.steps_per_generation) == ("dapo", 4)


def test_updates_are_counted_in_optimizer_steps() -> None:
    assert config(gradient_accumulation_steps=3).steps_per_generation == 12
    assert config(updates_per_generation=1, gradient_accumulation_steps=2).steps_per_generation == 2
    assert config(steps_per_generation=5).steps_per_generation == 5
    assert config(generation_batch_size=16).steps_per_generation == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_virtual": -1}, "num_virtual=-1: give 0"),
        ({"max_reward": math.inf}, "max_reward=inf: give the largest possible"),
        ({"ddof": 2}, "ddof=2: give 1"),
        ({"advantage_eps": 0.0}, "advantage_eps=0.0: give a small positive"),
        ({"filter": "all-correct"}, "filter='all-correct': give 'all_correct', 'all_incorrect', 'all', 'none'"),
        ({"updates_per_generation": 0}, "updates_per_generation=0"),
        ({"scale_rewards": "none"}, "leave scale_rewards"),
        ({"multi_objective_aggregation": "normalize_then_sum"}, "multi_objective_aggregation"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**settings)


def test_the_maximum_is_that_of_the_weighted_sum() -> None:
    right = ExactJudge()
    bonus: Reward = right.named("right") + 0.5 * right.named("again")
    objective = NGRPO(config())
    assert objective.max_reward(torch.tensor([1.0, 0.5])) == 1.5  # two functions of at most 1
    objective.ranges = [_range(right), _range(bonus), _range(-1.0 * right), _range(torch.nn.Linear(1, 1))]
    assert objective.max_reward(torch.tensor([1.0, 2.0, 1.0, 0.0])) == 4.0  # a penalty is at best absent
    assert objective.max_reward(torch.tensor([1.0, 0.0, -1.0, 0.0])) == 2.0
    with pytest.raises(ValueError, match=r"set max_reward to the largest possible weighted sum, or bound the reward"):
        objective.max_reward(torch.tensor([1.0, 0.0, 0.0, 0.1]))
    assert NGRPO(config(max_reward=7.0)).max_reward(torch.tensor([1.0, 1.0])) == 7.0


def test_the_filter_never_leaves_nothing() -> None:
    objective, ids = NGRPO(config()), consecutive_groups(8, 4)
    ones = torch.ones(8)
    assert objective.keep(ones, ids, 1.0).all()
    assert objective.keep(torch.tensor([1.0] * 4 + [0.0] * 4), ids, 1.0).tolist() == [False] * 4 + [True] * 4
    assert NGRPO(config(filter="none")).keep(torch.tensor([1.0] * 4 + [0.0] * 4), ids, 1.0).all()


def test_a_confident_bandit_unlearns_its_habit_sooner() -> None:
    torch.set_num_threads(1)
    small = Bandit(prompts=24)
    runs = {name: list(small.train(ARMS[name], seed=0, batches=40)) for name in ("grpo", "ngrpo")}
    right, entropy = ({name: run[-1][which] for name, run in runs.items()} for which in ("right", "entropy"))
    assert right["ngrpo"] > 2 * right["grpo"]
    assert entropy["ngrpo"] > entropy["grpo"] + 0.5
